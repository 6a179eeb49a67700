// What TypeScript makes of the package's types.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { complaintsOfTypeScript } from "./compile.mjs";

const RESOLUTIONS = {
  bundler: {},
  nodenext: { module: "NodeNext", moduleResolution: "NodeNext" },
};

for (const [name, options] of Object.entries(RESOLUTIONS)) {
  test(`issue 5: TypeScript accepts a consumer that uses everything, strictly, with moduleResolution ${name}`, () => {
    assert.equal(complaintsOfTypeScript(name, ["consumer.ts"], options), "");
  });
}

test("issue 5: TypeScript refuses what is wrong", () => {
  // Without the marks each wrong use is an error of its own.
  const marks = readFileSync("consumer.ts", "utf8").match(/@ts-expect-error/g).length;
  writeFileSync("wrong.ts", readFileSync("consumer.ts", "utf8").replaceAll("@ts-expect-error", "wrong:"));
  const complaints = complaintsOfTypeScript("wrong", ["wrong.ts"]);
  assert.equal(complaints.match(/error TS/g)?.length, marks, complaints);
});
