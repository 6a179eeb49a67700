// Tests the browser package as a project gets it: packed by npm, installed from the tarball into an empty project far from
// here, without a network and with an empty cache. The tests themselves are web-client/tests/package/.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "./lib/run.mjs";
import { Failure, runMain } from "./lib/say.mjs";
import { ROOT } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";
import { buildWebClient, PACKAGE } from "./web-client.mjs";

const TESTS = join(ROOT, "web-client", "tests", "package");
/** What the project has besides: the compilers that the tests ask, from our own node_modules. */
const BORROWED = ["@types/react", "svelte", "svelte-check", "typescript"];

/** Packs, installs and tests what web-client/pkg/ has; throws a `Failure` when a test fails. */
export async function checkPackage() {
  const project = mkdtempSync(join(tmpdir(), "latchkey-package-"));
  // Neither npm's cache nor its settings help: what isn't in the tarball isn't there.
  const env = { npm_config_cache: join(project, "empty-cache"), npm_config_offline: "true", npm_config_loglevel: "error", LATCHKEY_ROOT: ROOT };
  try {
    await run("npm", ["pack", "--pack-destination", project], { cwd: PACKAGE, env, stdio: ["ignore", "ignore", "inherit"] });
    const tarballs = readdirSync(project).filter((name) => name.endsWith(".tgz"));
    if (tarballs.length !== 1) throw new Failure(`npm pack made ${tarballs.length} tarballs, where one was expected`);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
    await run("npm", ["install", `./${tarballs[0]}`], { cwd: project, env, stdio: ["ignore", "ignore", "inherit"] });
    for (const name of BORROWED) {
      const link = join(project, "node_modules", name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(ROOT, "node_modules", name), link, "junction");
    }
    cpSync(TESTS, project, { recursive: true });
    const files = readdirSync(TESTS).filter((name) => name.endsWith(".test.mjs"));
    await run(process.execPath, ["--test", "--test-reporter", "spec", ...files], { cwd: project, env, label: "node --test of web-client/tests/package" });
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => {
    await setUp();
    await buildWebClient();
    await checkPackage();
  });
}
