// Everything that a script can reach from the page's globals, the package and the client, the memory of the
// WebAssembly included. WANTED is put in by the case.
const wanted = WANTED, found = [], seen = new Set();
const queue = [[window, 'window'], [latchkey, 'latchkey'], [client, 'client'], [window.instances, 'instances']];
const look = (text, where) => { if (text.includes(wanted)) found.push(where); };
let steps = 0, memories = 0;
while (queue.length && steps < 3000000) {
  steps += 1;
  const [value, where] = queue.pop();
  if (typeof value === 'string') { look(value, where); continue; }
  if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value)) continue;
  seen.add(value);
  if (value instanceof WebAssembly.Memory) { memories += 1; look(new TextDecoder('latin1').decode(value.buffer), where); continue; }
  if (value instanceof ArrayBuffer) { look(new TextDecoder('latin1').decode(value), where); continue; }
  if (value instanceof Map || value instanceof Set) for (const entry of value) queue.push([entry, where + '[]']);
  // What its prototypes compute counts too: an instance's exports, an event's data.
  for (let owner = value; owner !== null; owner = Object.getPrototypeOf(owner)) {
    for (const key of Reflect.ownKeys(owner)) {
      try { queue.push([value[key], where + '.' + String(key)]); } catch {}
    }
  }
}
for (const storage of [localStorage, sessionStorage]) look(JSON.stringify(Object.entries(storage)), 'storage');
for (const { name } of await indexedDB.databases()) found.push('a database: ' + name);
look(overheard.join('\n'), 'overheard');
look(document.documentElement.outerHTML + document.cookie + location.href + window.name, 'document');
return { found, steps, memories, left: queue.length, overheard: overheard.length };
