// Evaluates `${{ }}` as GitHub does, with its own evaluator.
import { Evaluator, Lexer, Parser, data } from "@actions/expressions";

// What a job may still do after a step failed.
function statusFunctions(status) {
    const answer = (name, value) => ({
        name,
        minArgs: 0,
        maxArgs: 0,
        call: () => new data.BooleanData(value),
    });
    return [
        answer("always", true),
        answer("success", status === "success"),
        answer("failure", status === "failure"),
        answer("cancelled", false),
    ];
}

export function evaluate(text, contexts, status = "success") {
    const functions = statusFunctions(status);
    const parser = new Parser(new Lexer(text).lex().tokens, Object.keys(contexts), functions);
    const dictionary = JSON.parse(JSON.stringify(contexts), data.reviver);
    return new Evaluator(parser.parse(), dictionary, new Map(functions.map((f) => [f.name, f]))).evaluate();
}

// A text with expressions in it.
export function fill(text, contexts, status) {
    return String(text).replace(/\$\{\{(.*?)\}\}/gs, (_, inner) => evaluate(inner, contexts, status).coerceString());
}

// Whether a job or step with this `if` runs. Without a word on status, only after success.
export function runs(condition, contexts, status) {
    const text = String(condition ?? "success()").replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1");
    const speaksOfStatus = /\b(always|success|failure|cancelled)\s*\(/.test(text);
    const value = evaluate(speaksOfStatus ? text : `success() && (${text})`, contexts, status);
    return !["", "false", "0"].includes(value.coerceString());
}
