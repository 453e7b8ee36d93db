// Reads workflows and actions with GitHub's own parser and prints what it does not like.
import { readFileSync } from "node:fs";
import { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } from "@actions/workflow-parser";
import { parseAction } from "@actions/workflow-parser/actions/action-parser";

let problems = 0;
for (const name of process.argv.slice(2)) {
    const file = { name, content: readFileSync(name, "utf8") };
    const isAction = name.endsWith("/action.yml");
    const parsed = (isAction ? parseAction : parseWorkflow)(file, new NoOperationTraceWriter());
    // Jobs are looked at when they are converted, and what is wrong with them is added to the errors.
    if (!isAction && parsed.value) await convertWorkflowTemplate(parsed.context, parsed.value);
    for (const error of parsed.context.errors.getErrors()) {
        console.error(`${name}: ${error.message}`);
        problems += 1;
    }
}
process.exit(problems === 0 ? 0 : 1);
