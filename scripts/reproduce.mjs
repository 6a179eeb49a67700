// Builds what is deployed a second time, from a copy of the sources in another folder and from nothing, and compares: the same
// sources have to give the same bytes.
//
//   npm run reproduce        takes as long as a first build, and prints the SHA-256 of each file
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { output, run } from "./lib/run.mjs";
import { Failure, runMain, say } from "./lib/say.mjs";
import { ROOT, toolEnvironment } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";

const DEPLOYED = ["index_bg.wasm", "index.js"];

/** Compares build/ with a build of its own; the set-up must be done and build/ be current. */
async function checkReproducible() {
  const scratch = mkdtempSync(join(tmpdir(), "latchkey-reproduce-"));
  try {
    // Another folder, and one of another depth: a path in the file would show.
    const copy = join(scratch, "somewhere", "else");
    for (const path of sources()) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      cpSync(join(ROOT, path), join(copy, path));
    }
    symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
    const env = { ...toolEnvironment(), CARGO_TARGET_DIR: join(copy, "target") };
    await run(process.execPath, [join(copy, "scripts", "build.mjs")], { cwd: copy, env, label: "The second build" });
    const differ = DEPLOYED.filter((name) => {
      const [first, second] = [ROOT, copy].map((folder) => sha256(join(folder, "build", name)));
      say(`${name.padEnd(14)} ${first}${first === second ? "" : ` and ${second}`}`);
      return first !== second;
    });
    if (differ.length > 0) throw new Failure(`${differ.join(" and ")} came out otherwise the second time, from the same sources`);
    say("Two builds in two folders are the same, byte for byte.");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The files that are in the repository, or would be with the next commit, as they are now. */
function sources() {
  const listed = output("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]);
  if (listed === null) throw new Failure("git can't list the sources: is this a clone?");
  // One that was deleted and is still in the index is none any more.
  return listed.split("\0").filter((path) => path && existsSync(join(ROOT, path)));
}

const sha256 = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => {
    await setUp();
    await build();
    await checkReproducible();
  });
}
