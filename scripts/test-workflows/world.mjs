// The world around a job: a tiny project in a git repository, and what others would do in the runner's place:
// cargo, the suite, gh, and the actions of others.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const repository = process.cwd();

// Inputs of the actions of others that are known to exist; an unknown one would only warn on GitHub.
const INPUTS = {
    "actions/checkout": ["fetch-depth", "persist-credentials"],
    "actions/upload-artifact": ["name", "path", "if-no-files-found", "retention-days"],
    "actions/download-artifact": ["name", "path"],
    "actions/create-github-app-token": ["client-id", "private-key", "permission-contents", "permission-pull-requests"],
};

// Takes level nanoseconds, with a scatter that is the same every time. Leaves a profile, which is large if a file says so.
const BENCH = `set -e
if [ -n "\${GATE_PROFILE:-}" ]; then
    printf 'sort;compare %d\\nsort;copy 6000\\n' $(($(cat level) / 250)) > "$GATE_PROFILE"
    [ ! -e large ] || head -c 3000000 /dev/urandom | base64 | sed 's/$/ 1/' >> "$GATE_PROFILE"
fi
count="$GATE_BUILD_CACHE/count"
n=$(cat "$count" 2>/dev/null || echo 0)
echo $((n + 1)) > "$count"
echo "{\\"demo/sort\\": {\\"time_ns\\": $(($(cat level) * (1000 + n * 7 % 11) / 1000))}}" > "$GATE_OUT.flat"
machine=()
if [ -e "$SHIMS/env.json" ]; then machine=(--environment "$SHIMS/env.json"); fi
gate import flat "$GATE_OUT.flat" "\${machine[@]}" --out "$GATE_OUT"
`;

const POLICY = `[measure]
command = "bash bench.sh"
pairs = 3
rerun-pairs = 3
ignore-paths = ["docs/**"]

[[rule]]
metric = "time"
budget = "<= 1s"
`;

// Builds nothing: puts in place what a build would, if every package exists and every option is known.
const CARGO = `#!/bin/bash
set -eu
if [ "$1" = run ]; then
    [ "$*" = "run --release --locked --package gate-proof -- targets" ]
    echo "every promise was kept"
    exit "$(cat "$SHIMS/proof" 2>/dev/null || echo 0)"
fi
[ "$1" = build ]; shift
target=target packages=()
while [ $# -gt 0 ]; do
    case $1 in
        --release | --locked) shift ;;
        --package) packages+=("$2"); shift 2 ;;
        --target-dir) target=$2; shift 2 ;;
        *) echo "cargo: unknown option $1" >&2; exit 101 ;;
    esac
done
mkdir -p "$target/release"
for package in "\${packages[@]}"; do
    grep -qx "name = \\"$package\\"" "$REPOSITORY"/*/*/Cargo.toml || { echo "cargo: no package $package" >&2; exit 101; }
    case $package in
        # A change of gate that lets everything pass.
        gate-cli)
            rm -f "$target/release/gate"
            if [ -e lenient ]; then install -m 755 lenient "$target/release/gate"; else cp "$GATE_BINARY" "$target/release/gate"; fi
            ;;
        bench-suite) cp "$SHIMS/bench" "$target/release/bench" ;;
    esac
done
`;

// The suite's command line, and a run document of its kind.
const SUITE = `#!/bin/bash
set -eu
if [ "$1" = profile ]; then
    [ "$2 $4 $5" = "--tier --out profiles" ]
    [ -e "$SHIMS/profiles" ] || { echo "bench: nothing may be sampled here" >&2; exit 1; }
    rm -rf profiles
    exec cp -r "$SHIMS/profiles" profiles
fi
[ "$1" = run ]; shift
sessions=1 repetitions=5
while [ $# -gt 0 ]; do
    case $1 in
        --tier) case $2 in smoke | nightly | soak) ;; *) exit 2 ;; esac; shift 2 ;;
        --sessions) sessions=$2; shift 2 ;;
        --repetitions) repetitions=$2; shift 2 ;;
        --skip-unfit) shift ;;
        --out) out=$2; shift 2 ;;
        *) echo "bench: unknown option $1" >&2; exit 2 ;;
    esac
done
row=$(cat "$SHIMS/row" 2>/dev/null || echo "{\\"demo/sort\\": {\\"time_ns\\": $(cat level)}}") rows=
for _ in $(seq "$repetitions"); do rows+="\${rows:+, }$row"; done
echo "[$rows]" > "$SHIMS/flat.json"
machine=$(cat "$SHIMS/machine" 2>/dev/null || echo perf-01)
echo "{\\"fingerprint\\": {\\"machine\\": \\"$machine\\"}, \\"tool\\": \\"stub\\"}" > "$SHIMS/env.json"
"$GATE_BINARY" import flat "$SHIMS/flat.json" --environment "$SHIMS/env.json" --out "$SHIMS/run.json"
jq --arg commit "$(git rev-parse HEAD)" --argjson sessions "$sessions" '.source = {commit: $commit, dirty: false}
    | .sessions = [.sessions[0] as $one | range($sessions) | . as $at | $one | .id += "-\\($at)"]' "$SHIMS/run.json" > "$out"
`;

const GH = `#!/bin/bash
printf '%s\\n' "$*" >> "$SHIMS/gh.log"
[ -n "$GH_TOKEN" ] || exit 4
printf '%s' "$GH_TOKEN" > "$SHIMS/token"
if [ "$1" = api ]; then
    # As GitHub does: the list, filtered by jq.
    { cat "$SHIMS/open.json" 2>/dev/null || echo '[]'; } | jq -r "\${@: -1}"
fi
while [ $# -gt 0 ]; do
    if [ "$1" = --body-file ]; then cp "$2" "$SHIMS/body"; fi
    shift
done
`;

export class World {
    constructor() {
        this.temp = mkdtempSync(join(tmpdir(), "gate-steps-"));
        this.workspace = join(this.temp, "project");
        this.shims = join(this.temp, "bin");
        this.artifacts = join(this.temp, "artifacts");
        this.origin = join(this.temp, "server/owner/project");
        for (const [name, text] of Object.entries({ cargo: CARGO, bench: SUITE, gh: GH })) {
            this.put(join(this.shims, name), text);
            chmodSync(join(this.shims, name), 0o755);
        }
        for (const part of [".github", "scripts/nightly", "scripts/profile", "scripts/record-night", "scripts/bisect-night", "scripts/tell-night", "scripts/propose-baseline", "scripts/verify-with-base", ".gitignore"]) {
            cpSync(join(repository, part), join(this.workspace, part), { recursive: true });
        }
        this.write("bench.sh", BENCH).write("baselines/gate.toml", POLICY).write("baselines/nightly.toml", POLICY).write("baselines/soak.toml", POLICY).write("level", "1000000\n");
        this.environment = {
            PATH: `${this.shims}:${process.env.PATH}`,
            HOME: this.temp,
            GIT_CONFIG_NOSYSTEM: "1",
            SHIMS: this.shims,
            REPOSITORY: repository,
            GATE_BINARY: process.env.GATE_BINARY,
            GITHUB_ACTIONS: "true",
            GITHUB_ACTOR: "octocat",
            GITHUB_REPOSITORY: "owner/project",
            GITHUB_RUN_ID: "7",
            GITHUB_SERVER_URL: `file://${this.temp}/server`,
        };
        execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", this.origin]);
        this.git("init", "--quiet", "--initial-branch=main");
        this.commit("first");
        const github = { run_attempt: 1, event_name: "pull_request", ref: "refs/heads/main", sha: this.git("rev-parse", "HEAD"), token: "hosted", event: {} };
        this.contexts = { github, vars: {}, secrets: {}, inputs: {}, needs: {}, matrix: {} };
    }

    put(path, text) {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
    }

    write(name, text) {
        this.put(join(this.workspace, name), text);
        return this;
    }

    read(name) {
        return readFileSync(join(this.temp, name), "utf8");
    }

    exists(name) {
        return existsSync(join(this.temp, name));
    }

    git(...args) {
        const who = ["-c", "user.name=somebody", "-c", "user.email=somebody@localhost"];
        return execFileSync("git", [...who, ...args], { cwd: this.workspace, encoding: "utf8" }).trim();
    }

    commit(message) {
        this.git("add", "--all");
        this.git("commit", "--quiet", "--message", message);
        return this.git("rev-parse", "HEAD");
    }

    // A pull request that changes these files, and the merge of it checked out, as GitHub does.
    pullRequest(files, { fork = false } = {}) {
        const base = this.git("rev-parse", "HEAD");
        this.git("switch", "--quiet", "--create", "change");
        for (const [name, text] of Object.entries(files)) this.write(name, text);
        const head = this.commit("a change");
        this.git("switch", "--quiet", "--detach", "main");
        this.git("merge", "--quiet", "--no-ff", "--message", "merge", "change");
        const side = (sha, id) => ({ sha, repo: { id } });
        const pull_request = { number: 5, base: side(base, 1), head: side(head, fork ? 2 : 1) };
        this.contexts.github.event = { pull_request };
        return { base, head };
    }

    // Where a composite action of ours is, if `uses` names one.
    composite(uses) {
        const local = uses.match(/^\.\/(.*)$/);
        if (local) return join(this.workspace, local[1]);
        const ours = uses.match(/^OWNER\/gate\/(.*)@SHA$/);
        return ours ? join(repository, ours[1]) : undefined;
    }

    // What an action of others does.
    action(run, uses, inputs) {
        const [name, version] = uses.split("@");
        if (!/^[0-9a-f]{40}$/.test(version)) throw new Error(`${uses} is not pinned`);
        const unknown = Object.keys(inputs).filter((input) => !INPUTS[name]?.includes(input));
        if (unknown.length > 0) throw new Error(`${name} has no input ${unknown}`);
        if (name === "actions/upload-artifact") return this.upload(run, inputs);
        if (name === "actions/download-artifact") cpSync(join(this.artifacts, inputs.name), inputs.path ?? this.workspace, { recursive: true });
        return name === "actions/create-github-app-token" ? { token: "app" } : {};
    }

    upload(run, { name, path }) {
        const folder = join(this.artifacts, name);
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(folder, { recursive: true });
        const paths = path.split("\n").filter((line) => line !== "");
        const found = paths.map((path) => (path.startsWith("/") ? path : join(this.workspace, path))).filter(existsSync);
        if (found.length === 0) run.status = "failure";
        for (const path of found) {
            // A folder that is not the only path keeps its name.
            const isWhole = paths.length === 1 && statSync(path).isDirectory();
            cpSync(path, isWhole ? folder : join(folder, path.split("/").at(-1)), { recursive: true });
        }
        return found.length === 0 ? {} : { "artifact-id": "1" };
    }

    remove() {
        rmSync(this.temp, { recursive: true, force: true });
    }
}
