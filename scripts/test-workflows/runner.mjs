// Runs one job of a workflow: its steps in order, as a runner of GitHub's would.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { fill, runs } from "./expressions.mjs";

// `workflow/job/step` of each `run:` that was executed.
export const executed = new Set();

// The steps of a file that have a `run:`, named as in `executed`.
export function runSteps(file) {
    const document = parse(readFileSync(file, "utf8"));
    const jobs = document.jobs ?? { action: document.runs };
    return Object.entries(jobs).flatMap(([job, { steps }]) =>
        steps.flatMap((step, at) => (step.run === undefined ? [] : [`${file}/${job}/${at}`])),
    );
}

// Runs `job` of the workflow `file`, a path in the workspace. `world` has the workspace, a folder for temporary
// files, the environment, the contexts, and what actions of others do.
export function runJob(world, file, job) {
    const definition = parse(readFileSync(join(world.workspace, file), "utf8")).jobs[job];
    if (!runs(definition.if, world.contexts, needed(definition, world))) return { result: "skipped", outputs: {} };
    const temp = join(world.temp, "runner");
    rmSync(temp, { recursive: true, force: true });
    mkdirSync(temp, { recursive: true });
    const run = { world, temp, status: "success", summary: "", log: "" };
    const contexts = { ...world.contexts, runner: { temp } };
    const steps = runAll(run, definition.steps, { name: `${file}/${job}`, contexts, env: {} });
    const outputs = filled(definition.outputs, { ...contexts, steps }, run.status);
    return { result: run.status, outputs, summary: run.summary, log: run.log };
}

function needed(definition, world) {
    const names = [definition.needs ?? []].flat();
    return names.every((name) => world.contexts.needs[name]?.result === "success") ? "success" : "failure";
}

function filled(texts, contexts, status) {
    const entries = Object.entries(texts ?? {});
    return Object.fromEntries(entries.map(([name, text]) => [name, fill(text, contexts, status)]));
}

// The steps of a job or of a composite action. Returns its `steps` context.
function runAll(run, list, { name, contexts, env }) {
    const steps = {};
    list.forEach((step, at) => {
        const known = { ...contexts, steps, env };
        if (!runs(step.if, known, run.status)) return;
        const own = { ...env, ...filled(step.env, known, run.status) };
        const place = { name: `${name}/${at}`, contexts: known, env: own };
        const outputs = step.run === undefined ? runAction(run, step, place) : runShell(run, step, place);
        if (step.id) steps[step.id] = { outputs };
    });
    return steps;
}

function runShell(run, step, { name, contexts, env }) {
    executed.add(name);
    if (step.run.includes("${{")) throw new Error(`${name}: an expression inside a shell script`);
    const { world } = run;
    const files = mkdtempSync(join(run.temp, "step-"));
    const file = (kind) => join(files, kind);
    writeFileSync(file("script"), step.run);
    for (const kind of ["output", "summary", "env", "path"]) writeFileSync(file(kind), "");
    writeFileSync(file("event"), JSON.stringify(world.contexts.github.event));
    // `shell: bash` is stricter than no word about the shell.
    const options = step.shell === "bash" ? ["--noprofile", "--norc", "-eo", "pipefail"] : ["-e"];
    const ended = spawnSync("bash", [...options, file("script")], {
        cwd: world.workspace,
        encoding: "utf8",
        env: {
            ...world.environment,
            RUNNER_TEMP: run.temp,
            GITHUB_WORKSPACE: world.workspace,
            GITHUB_EVENT_PATH: file("event"),
            GITHUB_OUTPUT: file("output"),
            GITHUB_STEP_SUMMARY: file("summary"),
            GITHUB_ENV: file("env"),
            GITHUB_PATH: file("path"),
            ...env,
        },
    });
    run.log += `--- ${step.name ?? step.run}: ${ended.status}\n${ended.stdout}${ended.stderr}`;
    run.summary += readFileSync(file("summary"), "utf8");
    for (const kind of ["env", "path"]) {
        // A job that is trusted with a token must not let a step choose what later steps run.
        if (readFileSync(file(kind), "utf8") !== "") throw new Error(`${name} writes to GITHUB_${kind.toUpperCase()}`);
    }
    if (ended.status !== 0) run.status = "failure";
    const lines = readFileSync(file("output"), "utf8").split("\n").filter((line) => line !== "");
    return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

function runAction(run, step, { contexts, env }) {
    const { world } = run;
    const inputs = filled(step.with, contexts, run.status);
    const path = world.composite(step.uses);
    if (path === undefined) return world.action(run, step.uses, inputs);
    const file = join(path, "action.yml");
    if (!existsSync(file)) throw new Error(`there is no ${file}`);
    const action = parse(readFileSync(file, "utf8"));
    const defaults = Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? ""]);
    const unknown = Object.keys(inputs).filter((name) => !(name in action.inputs));
    if (unknown.length > 0) throw new Error(`${step.uses} has no input ${unknown}`);
    // A composite action sees its own inputs and steps, and neither `vars` nor `secrets`.
    const { github, runner, matrix } = contexts;
    const own = { github, runner, matrix, inputs: { ...Object.fromEntries(defaults), ...inputs } };
    const steps = runAll(run, action.runs.steps, {
        name: ".github/actions/gate/action.yml/action",
        contexts: own,
        env: { ...env, GITHUB_ACTION_PATH: path },
    });
    const values = Object.fromEntries(Object.entries(action.outputs ?? {}).map(([name, { value }]) => [name, value]));
    return filled(values, { ...own, steps }, run.status);
}
