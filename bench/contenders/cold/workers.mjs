// A worker that starts fresh isolates of the other contenders, in a workerd that is running already.
import { join, relative } from "node:path";
import { folderOf, PLATFORM, scriptWorker } from "../platform.mjs";

/** Makes it from the functions that give the other contenders' workers. */
export const cold = (contenders) => async () => {
  const isolates = {};
  const blobs = {};
  for (const [name, workers] of Object.entries(contenders)) {
    // Its first request needs neither storage nor the service behind a resource, so only variables come along.
    const [{ modules, modulesRoot = "", bindings = {} }] = await workers();
    const named = modules.map(({ path, ...module }) => ({ ...module, name: relative(modulesRoot, path) }));
    const of = (type) => named.filter((module) => module.type === type);
    const blob = (file) => `${name} ${file}`;
    for (const module of of("CompiledWasm")) blobs[blob(module.name)] = module.contents;
    isolates[name] = {
      platform: PLATFORM,
      mainModule: named[0].name,
      scripts: Object.fromEntries(of("ESModule").map((module) => [module.name, module.contents.toString()])),
      wasm: Object.fromEntries(of("CompiledWasm").map((module) => [module.name, blob(module.name)])),
      bindings,
    };
  }
  return [
    {
      name: "cold",
      ...PLATFORM,
      ...scriptWorker(join(folderOf(import.meta.url), "worker.js")),
      workerLoaders: { LOADER: {} },
      bindings: { ISOLATES: isolates },
      dataBlobBindings: blobs,
    },
  ];
};
