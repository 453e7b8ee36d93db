// Hands the shell of every `run:` in workflows and actions to shellcheck, as the runner would start it, and prints
// what that finds with the place of the step. Scripts of their own are checked by `run` beside this.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";

// What `shellcheck` finds in the steps of a file, one line each.
export function findings(shellcheck, file) {
    const document = parse(readFileSync(file, "utf8"));
    const jobs = document.jobs ?? { action: document.runs };
    return Object.entries(jobs).flatMap(([job, { steps, defaults }]) =>
        (steps ?? []).flatMap((step, at) => {
            if (step.run === undefined) return [];
            const place = `${file}: ${job}, step ${at + 1}`;
            const shell = step.shell ?? defaults?.run?.shell ?? document.defaults?.run?.shell;
            return stepFindings(shellcheck, step.run, shell).map((finding) => `${place}: ${finding}`);
        }),
    );
}

function stepFindings(shellcheck, text, shell) {
    // Not everything is one of ours; what cannot be checked does not pass.
    if (!["bash", "sh", undefined].includes(shell)) return [`the shell ${shell} cannot be checked`];
    if (text.includes("${{")) return ["an expression inside a shell script; hand it over in `env`"];
    // Without a word about the shell it is bash, and a pipe fails only by its last command.
    const options = shell === "bash" ? "set -eo pipefail" : "set -e";
    const script = `#!/usr/bin/env ${shell ?? "bash"}\n${options}\n${text}\n`;
    const ran = spawnSync(shellcheck, ["--format=gcc", "-"], { input: script, encoding: "utf8" });
    if (ran.error) throw ran.error;
    const lines = ran.stdout.split("\n").filter((line) => line !== "");
    if (ran.status !== 0 && lines.length === 0) return [`shellcheck failed: ${ran.stderr.trim()}`];
    // Two lines stand above what the workflow has.
    return lines.map((line) => line.replace(/^-:(\d+):(\d+): /, (_, row, column) => `line ${row - 2}, column ${column}: `));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
    const [shellcheck, ...files] = process.argv.slice(2);
    const found = files.flatMap((file) => findings(shellcheck, file));
    for (const finding of found) console.error(finding);
    process.exit(found.length === 0 ? 0 : 1);
}
