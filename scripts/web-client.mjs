// Builds the browser package into web-client/pkg/, which is exactly what npm gets.
//
// cargo -> wasm-bindgen -> wasm-opt -> esbuild. When neither the compiled WebAssembly nor anything else that goes into the
// package has changed, all but cargo is skipped.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { output, run } from "./lib/run.mjs";
import { shippedRustflags } from "./lib/rustflags.mjs";
import { duration, Failure, runMain, say } from "./lib/say.mjs";
import { ROOT, TOOLS, toolEnvironment, WASM_TARGET } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";

const CRATE = join(ROOT, "web-client");
const JS = join(CRATE, "js");
/** The finished package. */
export const PACKAGE = join(CRATE, "pkg");
const STAMP = ".inputs";
/** A profile of Cargo.toml. */
const PROFILE = "web-client";

/** What is bundled: each entry, the module that knows where its WebAssembly is, and what it runs on. */
const BUNDLES = [
  { file: "index.js", entry: "index.js", source: "browser.js", platform: "browser" },
  { file: "node.js", entry: "index.js", source: "node.js", platform: "node" },
  { file: "token-worker.js", entry: "token-worker.js", source: "browser.js", platform: "browser" },
].filter(({ entry }) => existsSync(join(JS, entry)));

/** What wasm-bindgen's output uses: what Rust turns on for WebAssembly since 1.82, and the table of JavaScript's values. */
const FEATURES = ["bulk-memory", "bulk-memory-opt", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];

/** Builds what has changed; the set-up must be done. */
export async function buildWebClient() {
  const started = Date.now();
  const compiled = await compile();
  const inputs = hashOfInputs(compiled);
  const stamp = join(PACKAGE, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) {
    say(`Browser package: nothing has changed (${duration(Date.now() - started)})`);
    return;
  }
  // Made beside and then put in place, so that two builds at once don't write into each other.
  const fresh = join(CRATE, `pkg-${process.pid}`);
  const work = mkdtempSync(join(tmpdir(), "latchkey-web-client-"));
  try {
    mkdirSync(fresh);
    const glue = await bindAndOptimise(compiled, work, join(fresh, "latchkey.wasm"));
    await bundleAll(glue, work, fresh);
    writeTexts(fresh);
    writeFileSync(join(fresh, STAMP), inputs);
    rmSync(PACKAGE, { recursive: true, force: true });
    renameSync(fresh, PACKAGE);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(work, { recursive: true, force: true });
  }
  say(`Browser package: built into ${relative(ROOT, PACKAGE)} (${duration(Date.now() - started)})`);
}

/** Compiles the crate and returns the path of its WebAssembly. */
async function compile() {
  const args = ["build", "--lib", "--profile", PROFILE, "--target", WASM_TARGET];
  await run("cargo", args, { env: { ...toolEnvironment(), ...(await shippedRustflags()) }, cwd: CRATE, label: "cargo build of the browser package" });
  const target = resolve(CRATE, process.env.CARGO_TARGET_DIR ?? "../target");
  return join(target, WASM_TARGET, PROFILE, "latchkey_web_client.wasm");
}

function hashOfInputs(compiled) {
  const hash = createHash("sha256");
  const sources = readdirSync(JS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  for (const path of [
    compiled,
    join(TOOLS, ".crates2.json"),
    ...["Cargo.toml", "package-lock.json", "LICENSE-APACHE", "LICENSE-MIT", "scripts/web-client.mjs"].map((name) => join(ROOT, name)),
    join(CRATE, "README.md"),
    ...sources,
  ]) {
    hash.update(`${relative(ROOT, path)}\n`).update(readFileSync(path));
  }
  return hash.digest("hex");
}

/** Writes the WebAssembly to `wasm` and returns the JavaScript that wasm-bindgen made for it. */
async function bindAndOptimise(compiled, work, wasm) {
  const env = toolEnvironment();
  const flags = ["--target", "web", "--no-typescript", "--omit-default-module-path", "--encode-into", "always"];
  await run(env.WASM_BINDGEN_BIN, [...flags, "--out-dir", work, "--out-name", "latchkey", compiled], { env, label: "wasm-bindgen" });
  const features = FEATURES.map((name) => `--enable-${name}`);
  const optimise = ["-Oz", "--converge", "--flatten", "--rereloop", "-Oz", "--converge", "--dealign"];
  const strip = ["--strip-debug", "--strip-producers", "--strip-target-features"];
  const small = join(work, "small.wasm");
  await run(env.WASM_OPT_BIN, [join(work, "latchkey_bg.wasm"), ...optimise, ...strip, ...features, "--output", small], { env, label: "wasm-opt" });
  const names = output(env.WASM_OPT_BIN, [small, "--minify-imports-and-exports-and-modules", ...features, "--output", wasm], { env });
  if (names === null) throw new Failure("wasm-opt --minify-imports-and-exports-and-modules failed");

  // js/load.js fetches and instantiates itself, so wasm-bindgen's own loader isn't bundled.
  const glue = replaceOnce(
    readFileSync(join(work, "latchkey.js"), "utf8"),
    "export { initSync, __wbg_init as default };",
    "export { __wbg_get_imports as imports, __wbg_finalize_init as finish };\nexport const compiled = () => wasmModule;",
  );
  return withShortNames(glue, JSON.parse(names));
}

/**
 * The same JavaScript with the names that wasm-opt gave what goes between it and the WebAssembly. wasm-bindgen's have a hash
 * each, which no compression makes smaller: 1.5 KB of what is downloaded.
 */
function withShortNames(glue, { imports, exports }) {
  let text = glue;
  for (const [module, name, short] of imports) {
    text = replaceOnce(text, `        ${name}: function(`, `        ${short}: function(`);
    if (text.includes(JSON.stringify(module))) text = replaceOnce(text, JSON.stringify(module), '"a"');
  }
  const names = new Map(exports);
  return text.replace(/\bwasm\.(\w+)/g, (_, name) => {
    if (!names.has(name)) throw new Failure(`wasm-bindgen's output uses wasm.${name}, which the WebAssembly doesn't export`);
    return `wasm.${names.get(name)}`;
  });
}

/** wasm-bindgen's output has another form in another version; then this must follow. */
function replaceOnce(text, before, after) {
  if (text.split(before).length !== 2) throw new Failure(`wasm-bindgen's output doesn't have ${before.trim()} once: scripts/web-client.mjs must follow`);
  return text.replace(before, () => after);
}

async function bundleAll(glue, work, folder) {
  // Here, because from a clean checkout the set-up installs it first.
  const { build: bundle } = await import("esbuild");
  const { version } = workspace();
  for (const { file, entry, source, platform } of BUNDLES) {
    const modules = {
      name: "latchkey",
      setup(build) {
        build.onResolve({ filter: /^latchkey:source$/ }, () => ({ path: join(JS, "source", source) }));
        build.onResolve({ filter: /^latchkey:glue$/ }, () => ({ path: "glue.js", namespace: "wasm-bindgen" }));
        build.onLoad({ filter: /.*/, namespace: "wasm-bindgen" }, () => ({ contents: glue, resolveDir: work }));
      },
    };
    await bundle({
      absWorkingDir: CRATE,
      entryPoints: [join(JS, entry)],
      outfile: join(folder, file),
      bundle: true,
      format: "esm",
      target: "es2022",
      platform,
      minify: true,
      sourcemap: true,
      sourcesContent: true,
      legalComments: "none",
      banner: { js: `/*! @latchkey/web-client ${version}, MIT OR Apache-2.0 */` },
      define: { LATCHKEY_WASM_INTEGRITY: JSON.stringify(integrity(join(folder, "latchkey.wasm"))) },
      plugins: [modules],
      logLevel: "warning",
    });
  }
}

function writeTexts(folder) {
  copyFileSync(join(JS, "index.d.ts"), join(folder, "index.d.ts"));
  copyFileSync(join(CRATE, "README.md"), join(folder, "README.md"));
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(ROOT, name), join(folder, name));
  const scripts = readdirSync(folder).filter((name) => /\.(js|wasm)$/.test(name)).sort();
  const json = (name, value) => writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  json("integrity.json", Object.fromEntries(scripts.map((name) => [name, integrity(join(folder, name))])));
  json("package.json", manifest());
}

function manifest() {
  const { version, license, repository } = workspace();
  const files = BUNDLES.flatMap(({ file }) => [file, `${file}.map`]);
  const worker = files.includes("token-worker.js");
  return {
    name: "@latchkey/web-client",
    version,
    description: "OAuth 2.1 for single-page applications and MCP clients: sign-in, tokens and tabs, on the same protocol code as the server.",
    keywords: ["oauth", "oauth2", "pkce", "mcp", "spa", "wasm"],
    license,
    repository: { type: "git", url: `git+${repository}.git`, directory: "web-client" },
    type: "module",
    types: "./index.d.ts",
    main: "./node.js",
    module: "./index.js",
    exports: {
      ".": { types: "./index.d.ts", node: "./node.js", default: "./index.js" },
      "./latchkey.wasm": "./latchkey.wasm",
      ...(worker ? { "./token-worker.js": "./token-worker.js" } : {}),
      "./integrity.json": "./integrity.json",
      "./package.json": "./package.json",
    },
    // The worker's module does its work by being started.
    sideEffects: worker ? ["./token-worker.js"] : false,
    files: [...files, "latchkey.wasm", "index.d.ts", "integrity.json", "LICENSE-APACHE", "LICENSE-MIT"],
    engines: { node: ">=20" },
  };
}

/** Version, licence and repository, which all crates share. */
function workspace() {
  const text = readFileSync(join(ROOT, "Cargo.toml"), "utf8").match(/^\[workspace\.package\]$([^[]*)/m)?.[1] ?? "";
  const value = (name) => {
    const found = text.match(new RegExp(`^${name} = "([^"]+)"$`, "m"))?.[1];
    if (!found) throw new Failure(`Cargo.toml has no ${name} in [workspace.package]`);
    return found;
  };
  return { version: value("version"), license: value("license"), repository: value("repository") };
}

/** What goes into an `integrity` attribute. */
function integrity(path) {
  return `sha384-${createHash("sha384").update(readFileSync(path)).digest("base64")}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => {
    await setUp();
    await buildWebClient();
  });
}
