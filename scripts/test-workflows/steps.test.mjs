// What each workflow does, step by step, on a project of one scenario.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";
import { Worker } from "node:worker_threads";
import { parse } from "yaml";
import { executed, runJob, runSteps } from "./runner.mjs";
import { findings } from "./shell.mjs";
import { World, repository } from "./world.mjs";

const CI = ".github/workflows/ci.yml";
const GATE = ".github/workflows/gate.yml";
const NIGHTLY = ".github/workflows/nightly.yml";
const PROMOTE = ".github/workflows/promote.yml";
const PUBLISH = ".github/workflows/publish.yml";

let world;
beforeEach(() => (world = new World()));
afterEach(() => world.remove());

const job = (file, name) => runJob(world, file, name);
const json = (name) => JSON.parse(world.read(name));

// The jobs of gate.yml in order, each told what those before it came to.
function measurePullRequest() {
    const plan = job(GATE, "plan");
    world.contexts.needs.plan = plan;
    assert.equal(plan.result, "success", plan.log);
    world.contexts.matrix = JSON.parse(plan.outputs.matrix).include[0] ?? {};
    const measure = job(GATE, "measure");
    world.contexts.needs.measure = { result: measure.result, outputs: {} };
    return { plan, measure, done: job(GATE, "done") };
}

test("a change that costs nothing passes, and its runs are kept", () => {
    const { head } = world.pullRequest({ "src/x": "x" });
    const { plan, measure, done } = measurePullRequest();
    assert.equal(plan.outputs.relevant, "true");
    assert.equal(measure.result, "success", measure.log);
    assert.equal(done.result, "success", done.log);
    assert.equal(json("artifacts/gate-runs-1/candidate.json").source.commit, head);
    assert.match(measure.summary, /pass/i);
});

test("a regression fails the job, and its runs are kept all the same", () => {
    const { base, head } = world.pullRequest({ level: "2000000\n" });
    world.contexts.github.run_attempt = 3;
    const { measure, done } = measurePullRequest();
    assert.equal(measure.result, "failure", measure.log);
    assert.equal(done.result, "failure", done.log);
    assert.match(measure.summary, /demo\/sort/);
    const files = readdirSync(`${world.artifacts}/gate-runs-3`);
    assert.deepEqual(files.sort(), ["baseline.json", "candidate.json", "profiles", "verdict.json"]);
    const profiles = ["1-demo.sort.baseline.folded.zst", "1-demo.sort.candidate.folded.zst"];
    assert.deepEqual(readdirSync(`${world.artifacts}/gate-runs-3/profiles`).sort(), profiles, "no pictures");
    assert.ok(readdirSync(`${world.artifacts}/gate-report-3`).includes("report.html"));
    assert.ok(readdirSync(`${world.artifacts}/gate-report-3/profiles`).includes("1-demo.sort.svg"));
    assert.equal(json("artifacts/gate-runs-3/baseline.json").source.commit, base);
    assert.equal(json("artifacts/gate-runs-3/candidate.json").source.commit, head);
});

test("profiles that are too large for an artifact are left out of it", () => {
    world.pullRequest({ level: "2000000\n", large: "" });
    const { measure } = measurePullRequest();
    assert.match(measure.log, /::notice title=gate::the profiles are too large/);
    const files = readdirSync(`${world.artifacts}/gate-runs-1`);
    assert.deepEqual(files.sort(), ["baseline.json", "candidate.json", "verdict.json"]);
});

test("a change of ignored paths measures nothing and passes", () => {
    world.pullRequest({ "docs/page.md": "x" });
    const { plan, measure, done } = measurePullRequest();
    assert.equal(plan.outputs.relevant, "false");
    assert.equal(measure.result, "skipped");
    assert.equal(done.result, "success", done.log);
});

test("code of forks is measured on another machine", () => {
    world.contexts.vars = { GATE_RUNNER: "perf-01" };
    world.pullRequest({ "src/x": "x" }, { fork: true });
    const fork = job(GATE, "plan");
    assert.deepEqual(JSON.parse(fork.outputs.matrix).include[0].runner, ["ubuntu-24.04"]);
    world.contexts.github.event.pull_request.head.repo.id = 1;
    const own = job(GATE, "plan");
    assert.deepEqual(JSON.parse(own.outputs.matrix).include[0].runner, ["perf-01"]);
});

// Tells of load so often as the file `loud` says, and is gate otherwise.
const LOUD = `#!/bin/sh
[ "$1" = doctor ] || exec "$GATE_BINARY" "$@"
looks=$(cat "$SHIMS/looks" 2> /dev/null || echo 0)
echo $((looks + 1)) > "$SHIMS/looks"
[ "$looks" -lt "$(cat "$SHIMS/loud")" ] || exit 0
echo "disturbs  load          3.10 over the last minute"
[ "$2" != --strict ]
`;

test("a strict job waits until the load of building gate is over, and for no other", () => {
    world.contexts.vars = { GATE_STRICT: "true" };
    world.put(`${world.shims}/sleep`, '#!/bin/sh\necho "$*" >> "$SHIMS/slept"\n');
    chmodSync(`${world.shims}/sleep`, 0o755);
    world.put(`${world.shims}/loud`, "2");
    world.pullRequest({ lenient: LOUD });
    const { measure } = measurePullRequest();
    assert.equal(measure.result, "success", measure.log);
    assert.equal(world.read("bin/slept"), "30\n30\n");
    world.put(`${world.shims}/loud`, "99");
    const loud = job(GATE, "measure");
    assert.equal(loud.result, "failure", loud.log);
    assert.doesNotMatch(loud.log, /baseline [0-9a-f]{10}/, "nothing was measured");
    assert.equal(world.read("bin/slept"), "30\n".repeat(12));
});

test("a project that cannot be measured fails, and nothing is kept", () => {
    world.pullRequest({ "baselines/gate.toml": "[measure]\ncommand = 'exit 1'\nlist = 'exit 1'\n" });
    const { measure, done } = measurePullRequest();
    assert.equal(measure.result, "failure", measure.log);
    assert.equal(done.result, "failure");
    assert.ok(!world.exists("artifacts/gate-runs-1"));
});

test("the job that branch protection requires fails unless all was measured", () => {
    const outcome = (plan, measure, relevant) => {
        world.contexts.needs = { plan: { result: plan, outputs: { relevant } }, measure: { result: measure, outputs: {} } };
        return job(GATE, "done").result;
    };
    assert.equal(outcome("success", "success", "true"), "success");
    assert.equal(outcome("success", "skipped", "false"), "success");
    for (const [plan, measure, relevant] of [
        ["failure", "skipped", ""],
        ["cancelled", "skipped", ""],
        ["success", "skipped", "true"],
        ["success", "failure", "true"],
        ["success", "cancelled", "true"],
    ]) {
        assert.equal(outcome(plan, measure, relevant), "failure", `${plan} ${measure} ${relevant}`);
    }
});

test("a draft is measured like any other, so that marking it ready does not measure it again", () => {
    const { types } = parse(readFileSync(`${repository}/${GATE}`, "utf8")).on.pull_request;
    assert.deepEqual(types, ["opened", "synchronize", "reopened"]);
});

test("the ten lines of docs/github.md measure a pull request of another repository", () => {
    const page = readFileSync(`${repository}/docs/github.md`, "utf8");
    const lines = page.match(/```yaml\n(.*?)```/s)[1];
    assert.ok(lines.trimEnd().split("\n").length <= 10, "as short as it says");
    const checkout = readFileSync(`${repository}/${GATE}`, "utf8").match(/actions\/checkout@[0-9a-f]{40}/)[0];
    world.write("theirs.yml", lines.replace("actions/checkout@SHA", checkout));
    world.commit("their workflow");
    world.pullRequest({ level: "2000000\n" });
    const name = Object.keys(parse(lines).jobs)[0];
    const measure = job("theirs.yml", name);
    assert.equal(measure.result, "failure", measure.log);
    assert.ok(world.exists("artifacts/gate-runs-1/candidate.json"));
});

// A baseline of what the stub of the suite measures.
function baseline(name = "main") {
    world.git("switch", "--quiet", "main");
    const gate = (...args) => execFileSync(world.environment.GATE_BINARY, args, { cwd: world.workspace, env: world.environment });
    const measure = ["run", "--tier", "smoke", "--sessions", "5", "--out", "out.json"];
    execFileSync(`${world.shims}/bench`, measure, { cwd: world.workspace, env: world.environment });
    gate("promote", "out.json", "--baseline", `baselines/${name}.json`);
    world.git("config", "advice.detachedHead", "false");
    return world.commit("a baseline");
}

test("the night measures, judges and keeps its run", () => {
    baseline();
    world.contexts.github.event_name = "schedule";
    world.contexts.github.event = { schedule: "17 3 * * *" };
    const night = job(NIGHTLY, "measure");
    assert.equal(night.result, "success", night.log);
    assert.deepEqual(readdirSync(`${world.artifacts}/nightly-1`).sort(), ["out.json", "verdict.json"]);
    assert.match(night.summary, /pass/i);
    assert.match(night.log, /not everything was profiled/, "which is no reason to fail");
    assert.doesNotMatch(night.log, /::warning/);
    const text = readFileSync(`${world.workspace}/baselines/main.json`, "utf8");
    world.write("baselines/main.json", text.replace(/"promoted_at": "\d+/, '"promoted_at": "2020'));
    const old = job(NIGHTLY, "measure");
    assert.equal(old.result, "success", old.log);
    assert.match(old.log, /longer than --max-age allows/);
    assert.match(old.log, /::warning title=gate::baselines\/main\.json is not as it should be/);
});

test("half an hour is judged by its budgets, against nothing", () => {
    world.contexts.github.event_name = "schedule";
    const soak = job(NIGHTLY, "soak");
    assert.equal(soak.result, "success", soak.log);
    assert.deepEqual(readdirSync(`${world.artifacts}/soak-1`).sort(), ["out.json", "verdict.json"]);
    world.contexts.github.run_attempt = 2;
    world.put(`${world.shims}/row`, '{"demo/sort": {"time_ns": 2000000000}}');
    const over = job(NIGHTLY, "soak");
    assert.equal(over.result, "failure", over.log);
    assert.match(over.summary, /over budget/);
});

test("a night proves the verdicts, and a broken promise is not lost in a pipe", () => {
    world.contexts.github.event_name = "schedule";
    const kept = job(NIGHTLY, "prove");
    assert.equal(kept.result, "success", kept.log);
    assert.match(kept.summary, /every promise was kept/);
    world.put(`${world.shims}/proof`, "1");
    assert.equal(job(NIGHTLY, "prove").result, "failure");
});

test("a night becomes part of the history, red or green", async () => {
    baseline();
    const github = await api([]);
    Object.assign(world.environment, { GITHUB_API_URL: github.url, GITHUB_SERVER_URL: "https://github.com" });
    world.git("remote", "add", "origin", world.origin);
    world.contexts.github.event_name = "schedule";
    const measure = job(NIGHTLY, "measure");
    world.contexts.needs = { measure: { ...measure, result: "failure" } };
    const record = job(NIGHTLY, "record");
    assert.equal(record.result, "success", record.log);
    assert.match(record.summary, /UNDECIDED: 1 of 1 runs/);
    assert.match(server("ls-tree", "--name-only", "gate-history"), /^\d{8}T\d{6}\w*Z-[0-9a-f]{16}\.json$/);
    assert.ok(!record.log.includes("hosted"), "no token in the log");
    world.contexts.github.run_attempt = 2;
    const again = job(NIGHTLY, "record");
    assert.match(again.log, /already/);
    await github.stop();
    assert.deepEqual([...github.asked], [4, 0], "the issues are asked for, with the token of the job");
    world.contexts.needs = { measure: { result: "skipped", outputs: {} } };
    assert.equal(job(NIGHTLY, "record").result, "skipped");
});

// Two nights before this one with `level` nanoseconds at `commit`, after seventeen of the usual level at `first`.
function nights(first, commit, level) {
    const gate = (...args) => execFileSync(world.environment.GATE_BINARY, args, { cwd: world.workspace, env: world.environment });
    const options = { cwd: world.workspace, env: world.environment };
    execFileSync(`${world.shims}/bench`, ["run", "--tier", "nightly", "--out", "night.json"], options);
    const text = readFileSync(`${world.workspace}/night.json`, "utf8");
    for (let at = 0; at < 19; at += 1) {
        const night = JSON.parse(text);
        night.created = `2020-01-${String(at + 1).padStart(2, "0")}T03:17:00Z`;
        night.source = { commit: at < 17 ? first : commit };
        const time = at < 17 ? 1_000_000 + (at * 7) % 11 * 300 : level + at * 100;
        for (const repetition of night.sessions[0].scenarios[0].repetitions) repetition.metrics.time = time;
        world.write("night.json", JSON.stringify(night));
        gate("record", "night.json", "--history", "branch:gate-history");
    }
    world.git("clean", "--quiet", "--force", "--", "night.json");
}

// A night whose history shows demo/sort slower since `last`, after the commit `first`: its jobs, one by one.
async function slowerNight(first, last) {
    nights(first, last, 1_200_000);
    world.put(`${world.shims}/gate`, '#!/bin/sh\nexec "$GATE_BINARY" "$@"\n');
    chmodSync(`${world.shims}/gate`, 0o755);
    const github = await api([]);
    Object.assign(world.environment, { GITHUB_API_URL: github.url, GITHUB_SERVER_URL: "https://github.com" });
    world.contexts.github.event_name = "schedule";
    const measure = job(NIGHTLY, "measure");
    world.contexts.needs = { measure };
    const record = job(NIGHTLY, "record");
    assert.equal(record.result, "success", record.log);
    assert.match(record.summary, /FAIL: demo\/sort time worse/);
    assert.match(record.log, /held back: demo\/sort time got worse/);
    assert.ok(!world.exists("bin/sent"), "no issue before it was measured");
    const trend = json("artifacts/trend-1/trend.json");
    assert.equal(trend.steps.length, 1, record.log);
    const held = world.read("artifacts/trend-1/held.txt");
    assert.match(held, new RegExp(`^${first} ${last} (9\\.9|10\\.0)\\d*% demo/sort time\\n$`));
    world.contexts.needs = { measure, record };
    const bisect = job(NIGHTLY, "bisect");
    assert.equal(bisect.result, "success", bisect.log);
    assert.ok(!world.exists(".cache"), "no build is left for another job");
    world.contexts.needs = { measure, record, bisect };
    return { github, measure, record, bisect };
}

const code = (commit) => `\`${commit.slice(0, 10)}\``;

test("on the night that shows a step the merge that brought it is found, and the issue says so", async () => {
    const first = baseline();
    world.git("remote", "add", "origin", world.origin);
    const culprit = world.write("level", "1200000\n").commit("sort it slowly");
    world.write("other", "x").commit("something else");
    const last = world.write("another", "x").commit("the last of the day");
    const { github, measure, record, bisect } = await slowerNight(first, last);
    assert.match(bisect.summary, new RegExp(`BISECTED to ${culprit.slice(0, 10)} sort it slowly`));
    github.asked.fill(0);
    const tell = job(NIGHTLY, "tell");
    assert.equal(tell.result, "failure", "what was confirmed is red");
    assert.match(tell.summary, /opened: demo\/sort time got worse/);
    assert.doesNotMatch(tell.log, /is no step that stands/);
    const said = world.read("bin/sent");
    assert.ok(said.includes(`Bisected to ${code(culprit)}: \`sort it slowly\`. Measured, each against ${code(first)}: `), said);
    for (const [commit, answer] of [[last, "worse"], [culprit, "worse"]]) {
        const how = new RegExp(`${code(commit)} ${answer} \\(\\+\\d+\\.\\d+% \\[.*?\\], margin \\+3%\\)`);
        assert.match(said, how, "each commit that was tried, and how sure that is");
    }
    assert.deepEqual([...github.asked], [4, 0], "with the token of the job");
    await github.stop();

    world.contexts.needs = { measure, record: { ...record, outputs: {} } };
    assert.equal(job(NIGHTLY, "bisect").result, "skipped", "a quiet night");
    world.contexts.needs = { measure, record: { ...record, outputs: {} }, bisect: { result: "skipped", outputs: {} } };
    assert.equal(job(NIGHTLY, "tell").result, "skipped", "nothing to tell");
});

test("a step that a fresh measurement does not show is no issue, and the night is green", async () => {
    const first = baseline();
    world.git("remote", "add", "origin", world.origin);
    const last = world.write("another", "x").commit("as fast as ever");
    // The nights are slower, the code is not.
    world.put(`${world.shims}/row`, '{"demo/sort": {"time_ns": 1200000}}');
    const { github, bisect } = await slowerNight(first, last);
    assert.match(bisect.summary, new RegExp(`NOT CONFIRMED: ${last.slice(0, 10)} is not worse than ${first.slice(0, 10)}`));
    // Whatever stopped the search for another step later, such as the time of the job.
    world.contexts.needs.bisect = { ...bisect, result: "failure" };
    const tell = job(NIGHTLY, "tell");
    assert.equal(tell.result, "success", tell.log);
    assert.match(tell.summary, /held back: demo\/sort time got worse/);
    assert.ok(!world.exists("bin/sent"), "nothing was filed");
    await github.stop();
});

test("a step that could not be measured is filed in these words", async () => {
    const first = baseline();
    world.git("remote", "add", "origin", world.origin);
    const bench = readFileSync(`${world.workspace}/bench.sh`, "utf8");
    const last = world.write("bench.sh", "exit 1\n").commit("it does not even start");
    world.put(`${world.shims}/row`, '{"demo/sort": {"time_ns": 1200000}}');
    const { github, measure, record, bisect } = await slowerNight(first, last);
    assert.match(bisect.summary, /NOT CONFIRMED|COULD NOT BE MEASURED/);
    const tell = job(NIGHTLY, "tell");
    assert.equal(tell.result, "failure", tell.log);
    assert.match(tell.summary, /opened: demo\/sort time got worse/);
    const words = `Not confirmed by a fresh measurement: ${code(last)} could not be measured. `;
    assert.ok(world.read("bin/sent").includes(words), world.read("bin/sent"));
    // Neither is it acquitted on another machine than that of the nights.
    world.write("bench.sh", bench).commit("it starts again");
    const again = world.git("rev-parse", "HEAD");
    world.put(`${world.artifacts}/trend-1/held.txt`, `${first} ${again} 10.0000% demo/sort time\n`);
    const machine = world.read("bin/env.json");
    world.put(`${world.shims}/env.json`, machine.replace("perf-01", "perf-02"));
    world.contexts.needs = { measure, record };
    const elsewhere = job(NIGHTLY, "bisect");
    assert.match(elsewhere.summary, new RegExp(`NOT CONFIRMED: cannot tell whether ${again.slice(0, 10)} is worse`));
    assert.match(elsewhere.summary, /on another machine, as far as is known: machine differs/);
    world.contexts.needs = { measure, record, bisect };
    // The machine that measures was not there.
    world.contexts.needs.bisect = { result: "failure", outputs: {} };
    assert.equal(job(NIGHTLY, "tell").result, "failure");
    assert.match(world.read("bin/sent"), /Not confirmed by a fresh measurement: none was taken that night\./);
    await github.stop();
});

test("a night on which GitHub takes no issue is red, and its steps are measured all the same", async () => {
    const first = baseline();
    world.git("remote", "add", "origin", world.origin);
    const last = world.write("another", "x").commit("the last of the day");
    nights(first, last, 1_200_000);
    world.put(`${world.shims}/row`, '{"demo/sort": {"time_ns": 1200000}}');
    const github = await api([], "", 410);
    Object.assign(world.environment, { GITHUB_API_URL: github.url, GITHUB_SERVER_URL: "https://github.com" });
    world.contexts.github.event_name = "schedule";
    world.contexts.needs = { measure: job(NIGHTLY, "measure") };
    const record = job(NIGHTLY, "record");
    assert.equal(record.result, "failure", record.log);
    assert.match(record.log, /error\[G703\]/);
    assert.equal(record.outputs.held, "true");
    assert.match(world.read("artifacts/trend-1/held.txt"), / demo\/sort time\n$/);
    world.contexts.needs = { ...world.contexts.needs, record, bisect: { result: "failure", outputs: {} } };
    const tell = job(NIGHTLY, "tell");
    await github.stop();
    assert.equal(tell.result, "failure", tell.log);
    assert.match(tell.log, /error\[G703\]/);
});

test("a night names the rows that could be promoted", async () => {
    world.write("level", "2000000\n");
    baseline("nightly");
    const commit = world.write("level", "1000000\n").commit("sort it fast");
    world.git("remote", "add", "origin", world.origin);
    nights(commit, commit, 1_000_000);
    const github = await api([]);
    Object.assign(world.environment, { GITHUB_API_URL: github.url, GITHUB_SERVER_URL: "https://github.com" });
    world.contexts.github.event_name = "schedule";
    world.contexts.needs = { measure: job(NIGHTLY, "measure") };
    const record = job(NIGHTLY, "record");
    await github.stop();
    assert.equal(record.result, "success", record.log);
    assert.match(record.summary, /Better than baselines\/nightly\.json in each of 7 nights:\n +demo\/sort time better/);
    assert.match(record.summary, /gate promote RUN --baseline baselines\/nightly\.json/);
    assert.match(record.summary, /start \[promote\.yml\]\(https:\/\/github\.com\/owner\/project\/actions\/workflows\/promote\.yml\) with the tier `nightly`/);
    assert.equal(record.outputs.held, "", "nothing got worse");

    // As the summary says: then nothing is left to be promoted.
    world.environment.GITHUB_SERVER_URL = `file://${world.temp}/server`;
    const propose = promote("it sorts faster", { tier: "nightly", "accept-faster": true });
    assert.equal(propose.result, "success", propose.log);
    assert.equal(server("diff", "--name-only", "gate/promote-nightly~", "gate/promote-nightly"), "baselines/nightly.json");
    const trend = ["trend", "--history", "branch:gate-history", "--baseline", "baselines/nightly.json"];
    const told = execFileSync(world.environment.GATE_BINARY, trend, { cwd: world.workspace, env: world.environment, encoding: "utf8" });
    assert.match(told, /1 rows held against baselines\/nightly\.json/);
    assert.doesNotMatch(told, /Better than/);
});

test("nobody measures a branch at night or for a baseline", () => {
    const repository = { default_branch: "main" };
    for (const ref of ["refs/heads/mine", "refs/tags/main", "refs/heads/x/main"]) {
        const ref_name = ref.split("/").slice(2).join("/");
        Object.assign(world.contexts.github, { event_name: "workflow_dispatch", ref, ref_name, event: { repository } });
        for (const name of ["measure", "soak", "prove"]) assert.equal(job(NIGHTLY, name).result, "skipped", `${name} of ${ref}`);
        assert.equal(job(PROMOTE, "measure").result, "skipped", ref);
        world.contexts.needs = { measure: { result: "skipped", outputs: {} } };
        assert.equal(job(NIGHTLY, "record").result, "skipped", `${ref} is no night of the history`);
    }
});

test("a night that was started by hand or again counts for no issue as a night without", async () => {
    const commit = baseline();
    world.git("remote", "add", "origin", world.origin);
    nights(commit, commit, 1_000_000);
    const key = createHash("sha256").update(" demo/sort time worse").digest("hex").slice(0, 16);
    const mark = `<!-- gate-night:v2 key=${key} green=0 night=2020-01-18T03:17:00Z text=x seen=2020-01-18T03:17:00Z -->`;
    const user = { login: "github-actions[bot]", type: "Bot" };
    const github = await api([{ number: 4, state: "open", title: "slower", body: `${mark}\nslower`, user }]);
    Object.assign(world.environment, { GITHUB_API_URL: github.url, GITHUB_SERVER_URL: "https://github.com" });
    const repository = { default_branch: "main" };
    for (const [event_name, run_attempt, said] of [
        ["workflow_dispatch", 1, /no issue has to change/],
        ["schedule", 2, /no issue has to change/],
        ["schedule", 1, /one night without it: slower/],
    ]) {
        Object.assign(world.contexts.github, { event_name, run_attempt, event: { repository } });
        const measure = job(NIGHTLY, "measure");
        assert.equal(measure.result, "success", measure.log);
        world.contexts.needs = { measure };
        // To start this job alone again measures nothing again.
        world.contexts.github.run_attempt = 3;
        assert.match(job(NIGHTLY, "record").log, said, `${event_name}, attempt ${run_attempt}`);
    }
    await github.stop();
});

// Both jobs of promote.yml, on the default branch.
function measured(reason = "a faster machine", chosen = {}) {
    const repository = { default_branch: "main" };
    Object.assign(world.contexts.github, { event_name: "workflow_dispatch", ref: "refs/heads/main", event: { repository } });
    const nothing = { "accept-worse": false, "accept-faster": false, "accept-redefined": false, "new-machine": false };
    world.contexts.inputs = { reason, tier: "smoke", ...nothing, ...chosen };
    const measure = job(PROMOTE, "measure");
    assert.equal(measure.result, "success", measure.log);
    world.contexts.needs = { measure };
    return () => job(PROMOTE, "propose");
}

const promote = (...args) => measured(...args)();
const server = (...args) => execFileSync("git", ["-C", world.origin, ...args], { encoding: "utf8" }).trim();

test("a promotion is one pull request that changes baselines and nothing else", () => {
    const before = baseline();
    const reason = "'; touch pwned; $(touch pwned) `touch pwned` @everyone";
    const propose = promote(reason);
    assert.equal(propose.result, "success", propose.log);
    assert.equal(server("diff", "--name-only", before, "gate/promote-smoke"), "baselines/main.json");
    assert.ok(!world.exists("project/pwned"));
    assert.ok(server("show", "gate/promote-smoke:baselines/main.json").includes("touch pwned"));
    const log = world.read("bin/gh.log");
    assert.match(log, /^api --method GET repos\/owner\/project\/pulls .*head=owner:gate\/promote-smoke .*\n/);
    assert.match(log, /\npr create --repo owner\/project --base main --head gate\/promote-smoke /);
    assert.ok(world.read("bin/body").includes(`\n    ${reason}\n`), "a reason is quoted, so that it mentions nobody");
    assert.ok(!propose.log.includes("hosted"), "no token in the log");
});

const pull = (number, head) => ({ number, head: { repo: { id: head } }, base: { repo: { id: 1 } } });
const pulls = (...list) => JSON.stringify(list);

test("a promotion accepts what was chosen and nothing else, and its reviewers see it side by side", () => {
    baseline();
    world.write("level", "1500000\n").commit("sort it slowly");
    for (const chosen of [{}, { "accept-faster": true }, { "accept-redefined": true }]) {
        const refused = promote("it checks more", chosen);
        assert.equal(refused.result, "failure", refused.log);
        assert.match(refused.log, /error\[G401\].*worse than the accepted level: demo\/sort time 1.00 ms -> 1.50 ms/);
        assert.ok(!world.exists("bin/gh.log"));
    }
    const propose = promote("it checks more", { "accept-worse": true });
    assert.equal(propose.result, "success", propose.log);
    const body = world.read("bin/body");
    assert.match(body, /\nWhat changes: `baselines\/main\.json` holds 1 scenario and 10 sessions now\.\n/);
    assert.match(body, /\nworse than the accepted level: demo\/sort time 1.00 ms -> 1.50 ms\n/);
    assert.ok(body.includes("\n| worse | `demo/sort` | `time` | 1.00 ms | 1.50 ms | +50.0% |\n"), body);
});

test("a time that halved is accepted by its own word", () => {
    baseline();
    world.write("level", "400000\n").commit("sort it fast");
    assert.match(promote("a new algorithm", { "accept-worse": true }).log, /error\[G401\].*suspiciously fast/);
    const propose = promote("a new algorithm", { "accept-faster": true });
    assert.equal(propose.result, "success", propose.log);
});

test("a promotion that loses a scenario is refused, whatever the reason", () => {
    world.put(`${world.shims}/row`, '{"demo/sort": {"time_ns": 1000000}, "demo/find": {"time_ns": 1000000}}');
    baseline();
    rmSync(`${world.shims}/row`);
    const everything = { "accept-worse": true, "accept-faster": true, "accept-redefined": true, "new-machine": true };
    const propose = promote("demo/find was too slow", everything);
    assert.equal(propose.result, "failure", propose.log);
    assert.match(propose.log, /error\[G401\].*demo\/find is gone, and nothing guards it any more/);
    assert.ok(!world.exists("bin/gh.log"));
});

test("a promotion that moves everything still fits a pull request", () => {
    const row = (time_ns) => JSON.stringify(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`demo/${i}`, { time_ns }])));
    world.put(`${world.shims}/row`, row(1000000));
    baseline();
    world.put(`${world.shims}/row`, row(1500000));
    const propose = promote("everything checks more", { "accept-worse": true });
    assert.equal(propose.result, "success", propose.log);
    assert.match(world.read("bin/body"), /\nand 100 more, in `baselines\/main\.json`\n$/);
});

test("another machine starts afresh, if that is said", () => {
    baseline();
    world.put(`${world.shims}/machine`, "perf-02");
    const refused = promote();
    assert.equal(refused.result, "failure", refused.log);
    assert.match(refused.log, /error\[G402\].*another machine than the accepted sessions: machine differs/);
    const propose = promote("perf-01 is no more", { "new-machine": true });
    assert.equal(propose.result, "success", propose.log);
    const promoted = JSON.parse(server("show", "gate/promote-smoke:baselines/main.json"));
    assert.equal(promoted.environment.fingerprint.machine, "perf-02");
    assert.equal(promoted.sessions.length, 5, "none of the other machine");
});

test("what was sampled is promoted with its run", () => {
    world.pullRequest({ level: "2000000\n" });
    measurePullRequest();
    const sampled = `${world.artifacts}/gate-runs-1/profiles/1-demo.sort.candidate.folded.zst`;
    world.put(`${world.shims}/profiles/demo.sort.folded.zst`, readFileSync(sampled));
    world.git("switch", "--quiet", "main");
    world.git("merge", "--quiet", "--ff-only", "change");
    const propose = promote("a first level");
    assert.equal(propose.result, "success", propose.log);
    assert.deepEqual(readdirSync(`${world.artifacts}/promote-1`).sort(), ["out.json", "profiles"]);
    const kept = server("ls-tree", "-r", "--name-only", "gate/promote-smoke", "baselines/profiles");
    assert.equal(kept, "baselines/profiles/main/demo.sort.folded.zst");
});

test("a second promotion brings the same pull request up to date", () => {
    baseline();
    world.put(`${world.shims}/open.json`, pulls(pull(41, 1)));
    world.contexts.vars = { GATE_APP_CLIENT_ID: "Iv1" };
    const propose = promote();
    assert.equal(propose.result, "success", propose.log);
    assert.match(world.read("bin/gh.log"), /\npr edit 41 --repo owner\/project /);
    assert.doesNotMatch(world.read("bin/gh.log"), /pr create/);
    assert.equal(world.read("bin/token"), "app");
});

test("a fork's pull request from a branch of the same name is left alone", () => {
    baseline();
    world.put(`${world.shims}/open.json`, pulls(pull(13, 2)));
    const propose = promote();
    assert.equal(propose.result, "success", propose.log);
    assert.match(world.read("bin/gh.log"), /\npr create /);
    assert.doesNotMatch(world.read("bin/gh.log"), /pr edit/);
});

test("each tier has a pull request of its own", () => {
    baseline();
    assert.equal(promote().result, "success");
    world.git("switch", "--quiet", "main");
    const nightly = promote("full size", { tier: "nightly" });
    assert.equal(nightly.result, "success", nightly.log);
    const promoted = JSON.parse(server("show", "gate/promote-nightly:baselines/nightly.json"));
    assert.equal(promoted.sessions.length, 3);
    assert.equal(promoted.sessions[0].scenarios[0].repetitions.length, 5, "as many as a baseline needs");
    assert.deepEqual(promoted.provenance.overridden ?? [], []);
    assert.equal(server("branch", "--list", "--format=%(refname:short)"), "gate/promote-nightly\ngate/promote-smoke");
});

test("proposing can be started again without measuring again", () => {
    baseline();
    const propose = measured();
    world.contexts.github.run_attempt = 2;
    const second = propose();
    assert.equal(second.result, "success", second.log);
});

test("an artifact cannot replace what runs with the token", () => {
    baseline();
    const propose = measured();
    world.put(`${world.artifacts}/promote-1/scripts/propose-baseline`, "#!/bin/sh\ntouch pwned\n");
    const proposed = propose();
    assert.equal(proposed.result, "success", proposed.log);
    assert.ok(!world.exists("project/pwned"));
});

test("a promotion that would change anything else is refused", () => {
    baseline();
    world.write("left-behind", "x");
    const propose = promote();
    assert.equal(propose.result, "failure", propose.log);
    assert.match(propose.log, /only baselines\/ may change/);
    assert.equal(server("branch", "--list"), "");
    assert.ok(!world.exists("bin/gh.log"));
});

// A server that answers every request with one status and one document, remembers who asked, and keeps what was sent in
// the file bin/sent. It needs a thread of its own: steps are waited for. Who asks for a zip file gets `zip`.
async function api(answer, zip = "", status = 200) {
    const code = `
        const { appendFileSync } = require("node:fs");
        const { parentPort, workerData } = require("node:worker_threads");
        const asked = new Int32Array(workerData.asked);
        const server = require("node:http").createServer((request, response) => {
            const isOurs = [\`Bearer \${workerData.token}\`, \`token \${workerData.token}\`].includes(request.headers.authorization);
            Atomics.add(asked, isOurs ? 0 : 1, 1);
            request.on("data", (sent) => appendFileSync(workerData.sent, sent));
            const isZip = request.url.endsWith("/zip");
            response.statusCode = workerData.status;
            request.on("end", () => response.end(isZip ? workerData.zip : workerData.answer));
        });
        server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
    `;
    const asked = new SharedArrayBuffer(8);
    const workerData = { answer: JSON.stringify(answer), zip, status, asked, token: "hosted", sent: `${world.shims}/sent` };
    const worker = new Worker(code, { eval: true, workerData });
    const port = await new Promise((resolve) => worker.once("message", resolve));
    // A test that fails before it stops this one must not keep the process from ending.
    worker.unref();
    return { url: `http://127.0.0.1:${port}`, asked: new Int32Array(asked), stop: () => worker.terminate() };
}

test("publishing asks the API about the run, with the token of the job", async () => {
    const github = await api({ id: 2, default_branch: "main" });
    Object.assign(world.environment, { GITHUB_API_URL: github.url, GITHUB_SERVER_URL: "https://github.com" });
    const workflow_run = { id: 7, run_attempt: 1, event: "pull_request", repository: { id: 1 } };
    world.contexts.github.event = { action: "completed", workflow_run };
    const publish = job(PUBLISH, "publish");
    await github.stop();
    assert.equal(publish.result, "success", publish.log);
    assert.match(publish.log, /nothing to publish: the event is about another repository/);
    assert.deepEqual([...github.asked], [1, 0]);
    world.contexts.github.event.workflow_run.event = "push";
    assert.equal(job(PUBLISH, "publish").result, "skipped");
});

test("the page of what was published is kept where check and summary link to", async () => {
    const { head } = world.pullRequest({ level: "2000000\n" });
    measurePullRequest();
    const runs = `${world.temp}/runs.zip`;
    const files = ["baseline.json", "candidate.json"];
    execFileSync("python3", ["-m", "zipfile", "-c", runs, ...files], { cwd: `${world.artifacts}/gate-runs-1` });
    rmSync(`${world.artifacts}/gate-report-1`, { recursive: true });
    // Repository, workflow, run and artifacts at once.
    const queued = { id: 7, run_attempt: 1, event: "merge_group", repository: { id: 7 } };
    const run = { ...queued, workflow_id: 7, head_sha: head, status: "completed", conclusion: "failure" };
    const artifacts = [{ id: 7, name: "gate-runs-1", size_in_bytes: 1 }];
    const github = await api({ ...run, artifacts }, readFileSync(runs));
    Object.assign(world.environment, { GITHUB_API_URL: github.url, GITHUB_SERVER_URL: "https://github.com" });
    world.contexts.github.event = { action: "completed", workflow_run: queued };
    const publish = job(PUBLISH, "publish");
    await github.stop();
    assert.equal(publish.result, "success", publish.log);
    assert.deepEqual(readdirSync(`${world.artifacts}/gate-report-1`), ["report.html"]);
    assert.match(world.read("artifacts/gate-report-1/report.html"), /<span class="word">FAIL<\/span> demo\/sort/);
    const link = "[full report](https://github.com/owner/project/actions/runs/7#artifacts)";
    assert.ok(publish.summary.includes(link), publish.summary);
    assert.ok(world.read("bin/sent").includes(link), world.read("bin/sent"));
});

test("a pull request may not edit a baseline, or loosen the policy without a word", () => {
    baseline();
    const verify = () => job(CI, "baselines");
    world.pullRequest({ "src/x": "x" });
    assert.equal(verify().result, "success");
    const text = readFileSync(`${world.workspace}/baselines/main.json`, "utf8");
    world.git("switch", "--quiet", "main");
    world.git("branch", "--quiet", "--delete", "--force", "change");
    world.pullRequest({ "baselines/main.json": text.replace("1000000.0", "1200000.0") });
    const edited = verify();
    assert.equal(edited.result, "failure");
    assert.match(edited.log, /error\[G403\].*edited by hand/);
    world.git("switch", "--quiet", "main");
    world.git("branch", "--quiet", "--delete", "--force", "change");
    const policy = readFileSync(`${world.workspace}/baselines/gate.toml`, "utf8");
    world.pullRequest({ "baselines/gate.toml": policy.replace("<= 1s", "<= 2s") });
    assert.match(verify().log, /error\[G403\].*tolerates more than before: budget of demo\/sort time/);
    world.git("switch", "--quiet", "main");
    world.git("branch", "--quiet", "--delete", "--force", "change");
    world.write("baselines/nightly.json", text);
    world.commit("a baseline of the nights");
    world.git("switch", "--quiet", "--create", "change");
    world.git("rm", "--quiet", "baselines/nightly.json");
    world.commit("no nights");
    assert.match(verify().log, /error\[G403\].*accepted and is gone.*\n.*nightly\.json/);
});

test("a pull request cannot change a baseline and the gate that looks at it", () => {
    baseline();
    const text = readFileSync(`${world.workspace}/baselines/main.json`, "utf8");
    world.pullRequest({ "baselines/main.json": text.replace("1000000.0", "1200000.0"), lenient: "#!/bin/sh\n" });
    const verify = job(CI, "baselines");
    assert.equal(verify.result, "failure", verify.log);
    assert.match(verify.log, /--- Verify: 0\n/, "its own gate lets it pass");
    assert.match(verify.log, /error\[G403\].*edited by hand/);
    assert.equal(world.git("worktree", "list").split("\n").length, 1, "nothing is left");
    world.git("switch", "--quiet", "main");
    world.git("branch", "--quiet", "--delete", "--force", "change");
    world.pullRequest({ lenient: "#!/bin/sh\n" });
    const harmless = job(CI, "baselines");
    assert.equal(harmless.result, "success", harmless.log);
    assert.match(harmless.log, /baselines\/ is that of HEAD\^1/);
});

test("the shell of steps is checked, in workflows and actions", () => {
    const check = (name, text) => {
        world.write(name, text);
        return findings(process.env.SHELLCHECK, `${world.workspace}/${name}`).map((line) => line.slice(world.workspace.length + 1));
    };
    const workflow = (step) => `jobs:\n  one:\n    steps:\n      - uses: a/b\n      - ${step}\n`;
    assert.deepEqual(check("good.yml", workflow('run: echo "$HOME"')), []);
    const [unquoted, ...others] = check("bad.yml", workflow("run: |\n          true\n          ls $HOME"));
    assert.match(unquoted, /^bad\.yml: one, step 2: line 2, column 4: .*\[SC2086\]$/);
    assert.deepEqual(others, []);
    const action = "runs:\n  steps:\n    - shell: bash\n      run: cd $X\n";
    assert.match(check("action.yml", action)[0], /^action\.yml: action, step 1: line 1/);
    assert.match(check("expression.yml", workflow("run: echo ${{ github.ref }}"))[0], /an expression inside/);
    assert.match(check("other.yml", workflow("{run: x, shell: pwsh}"))[0], /the shell pwsh cannot be checked/);
    const files = [CI, GATE, NIGHTLY, PROMOTE, PUBLISH, ".github/actions/gate/action.yml"];
    assert.deepEqual(files.flatMap((file) => findings(process.env.SHELLCHECK, file)), []);
});

test("our own workflow runs what every machine runs", () => {
    const steps = parse(readFileSync(`${repository}/.github/workflows/ci.yml`, "utf8")).jobs.test.steps;
    const [command] = steps.flatMap((step) => step.run ?? []);
    assert.equal(command, ".ci/run");
    assert.ok(statSync(`${repository}/${command}`).mode & 0o100, "executable");
});

// Last: a pattern of names leaves this one out.
test("every run step of every workflow was executed", () => {
    const files = [GATE, NIGHTLY, PROMOTE, PUBLISH, ".github/actions/gate/action.yml"];
    const missed = files.flatMap(runSteps).filter((name) => !executed.has(name));
    assert.deepEqual(missed, []);
});
