// Asks TypeScript and svelte-check about files of this project, as an editor or a build would.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Everything strict, our own index.d.ts checked too. */
const STRICT = {
  strict: true,
  noEmit: true,
  noImplicitReturns: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  target: "ES2022",
  lib: ["ES2022", "DOM", "DOM.Iterable"],
  module: "ESNext",
  moduleResolution: "bundler",
  verbatimModuleSyntax: true,
  jsx: "react-jsx",
  types: [],
};

/** Compiles `files`; what the compiler complains of, or nothing. */
export function complaintsOfTypeScript(name, files, options = {}) {
  const path = writeConfiguration(name, { ...STRICT, ...options }, files);
  return run("typescript/bin/tsc", ["--project", path, "--pretty", "false"]);
}

/** The same of Svelte's components in `folder`, markup and script. */
export function complaintsOfSvelte(folder) {
  // `svelte` brings its own types into scope, whose libraries are not ours to check.
  const options = { ...STRICT, skipLibCheck: true, types: ["svelte"] };
  const path = writeConfiguration("svelte", options, [`${folder}/**/*.ts`, `${folder}/**/*.svelte`]);
  const flags = ["--workspace", folder, "--tsconfig", path, "--output", "machine", "--fail-on-warnings", "--no-color"];
  return run("svelte-check/bin/svelte-check", flags);
}

function writeConfiguration(name, compilerOptions, include) {
  const path = join(process.cwd(), `tsconfig.${name}.json`);
  writeFileSync(path, JSON.stringify({ compilerOptions, include }));
  return path;
}

function run(tool, args) {
  const result = spawnSync(process.execPath, [join(process.cwd(), "node_modules", tool), ...args], { encoding: "utf8", timeout: 240_000 });
  return result.status === 0 ? "" : `${tool} ${args.join(" ")} exited with ${result.status}:\n${result.stdout}${result.stderr}`;
}
