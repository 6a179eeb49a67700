// What the package has and what its types say it has.
import * as latchkey from "@latchkey/web-client";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const types = fileURLToPath(new URL("./index.d.ts", import.meta.resolve("@latchkey/web-client")));
const entries = ["index.js", "node.js"].map((name) => new URL(`./${name}`, import.meta.resolve("@latchkey/web-client")));

/** The names of index.d.ts that are there when the program runs: functions, classes and constants. */
function declaredValues() {
  const file = ts.createSourceFile(types, readFileSync(types, "utf8"), ts.ScriptTarget.Latest, true);
  const names = file.statements.flatMap((statement) => {
    const isExported = ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) return [statement.name.text];
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.text);
    assert(ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement), `index.d.ts exports a kind that this test doesn't know: ${statement.getText()}`);
    return [];
  });
  return [...new Set(names)].sort();
}

test("issue 5: what the package exports is what index.d.ts declares, no more and no less", () => {
  const declared = declaredValues();
  assert(declared.includes("createPkce"), "index.d.ts was not read");
  assert.deepEqual(Object.keys(latchkey).sort(), declared);
});

test("issue 5: browsers and Node get the same names", async () => {
  const [browser, node] = await Promise.all(entries.map((url) => import(url)));
  assert.deepEqual(Object.keys(browser), Object.keys(node));
});

test("issue 5: everything is a function or a class, as declared", () => {
  for (const [name, value] of Object.entries(latchkey)) assert.equal(typeof value, "function", name);
});
