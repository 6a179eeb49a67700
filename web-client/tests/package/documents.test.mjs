// The code that the documents print is code that compiles, and their tables are complete.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compile, compileModule } from "svelte/compiler";
import ts from "typescript";
import { complaintsOfSvelte, complaintsOfTypeScript } from "./compile.mjs";

const README = readFileSync(join(process.env.LATCHKEY_ROOT, "web-client", "README.md"), "utf8");
const GUIDE = readFileSync(join(process.env.LATCHKEY_ROOT, "docs", "web-client.md"), "utf8");
/** What a block of the README goes on from. */
const BEFORE = 'import type { Client } from "@latchkey/web-client";\ndeclare const client: Client;\n';

/** The blocks of code in a language: the name that a comment above gives, and the text. */
function blocks(document, languages) {
  const found = document.matchAll(/(?:<!-- (\S+) -->\n)?^```(\w+)\n(.*?)^```$/gms);
  return [...found].map(([, name, language, text]) => ({ name, language, text })).filter(({ language }) => languages.includes(language));
}

test("issue 5: every block of TypeScript in the README compiles, strictly", () => {
  const snippets = blocks(README, ["ts"]);
  assert(snippets.length >= 9, `${snippets.length} blocks`);
  mkdirSync("readme");
  for (const [index, { text }] of snippets.entries()) {
    const before = /\b(const|let) client\b/.test(text) ? "" : BEFORE;
    writeFileSync(`readme/${index + 1}.ts`, `${before}${text}\nexport {};\n`);
  }
  // A reader is shown what there is, used or not.
  assert.equal(complaintsOfTypeScript("readme", ["readme/*.ts"], { noUnusedLocals: false }), "");
});

test("issue 5: the React components of docs/web-client.md compile, strictly", () => {
  const files = blocks(GUIDE, ["ts", "tsx"]).filter(({ name }) => name && !name.includes(".svelte"));
  assert.deepEqual(files.map(({ name }) => name), ["session.ts", "useSession.ts", "App.tsx"]);
  mkdirSync("react");
  for (const { name, text } of files) writeFileSync(`react/${name}`, text);
  assert.equal(complaintsOfTypeScript("react", ["react/*.ts", "react/*.tsx"]), "");
});

test("issue 5: the Svelte components of docs/web-client.md compile without a warning, and svelte-check finds nothing", () => {
  const files = blocks(GUIDE, ["ts", "svelte"]).filter(({ name }) => name === "session.ts" || name?.includes(".svelte"));
  assert.deepEqual(files.map(({ name }) => name), ["session.ts", "Session.svelte.ts", "App.svelte", "Notes.svelte"]);
  mkdirSync("components");
  for (const { name, text } of files) {
    writeFileSync(`components/${name}`, text);
    if (!name.includes(".svelte")) continue;
    // As its plugins for bundlers do: types go first, then runes.
    const script = () => ts.transpileModule(text, { compilerOptions: { target: "ES2022", module: "ESNext", verbatimModuleSyntax: true } }).outputText;
    const { js, warnings } = name.endsWith(".ts") ? compileModule(script(), { filename: name }) : compile(text, { filename: name });
    assert.deepEqual(warnings, [], name);
    assert(js.code.includes("svelte/internal/client"), name);
  }
  assert.equal(complaintsOfSvelte("components"), "");
});

test("issue 5: every block of code in the documents is compiled by a test or no program", () => {
  const others = [...blocks(README, ["js", "tsx", "svelte"]), ...blocks(GUIDE, ["js"]), ...blocks(GUIDE, ["ts", "tsx", "svelte"]).filter(({ name }) => !name)];
  assert.deepEqual(others, []);
});

test("issue 5: the README's table has every error code of index.d.ts", () => {
  const types = readFileSync(join(process.env.LATCHKEY_ROOT, "web-client", "js", "index.d.ts"), "utf8");
  const file = ts.createSourceFile("index.d.ts", types, ts.ScriptTarget.Latest);
  const union = file.statements.find((statement) => ts.isTypeAliasDeclaration(statement) && statement.name.text === "LatchkeyErrorCode");
  const declared = union.type.types.map(({ literal }) => literal.text).sort();
  const listed = [...README.matchAll(/^\| `(\w+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, code]) => code).filter((code) => declared.includes(code));
  assert(declared.length > 10);
  assert.deepEqual(listed.sort(), declared);
});

test("issue 5: the README's table has every option of a client", () => {
  const types = readFileSync(join(process.env.LATCHKEY_ROOT, "web-client", "js", "index.d.ts"), "utf8");
  const file = ts.createSourceFile("index.d.ts", types, ts.ScriptTarget.Latest);
  const options = file.statements.find((statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === "ClientOptions");
  for (const { name } of options.members) assert.match(README, new RegExp(`^\\| [^|]*\`${name.text}\``, "m"), name.text);
});
