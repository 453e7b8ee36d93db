// Loads JSON as a module, however it is imported.
import { readFileSync } from "node:fs";

export async function load(url, context, next) {
    if (!url.endsWith(".json")) return next(url, context);
    return { format: "module", shortCircuit: true, source: `export default ${readFileSync(new URL(url))}` };
}
