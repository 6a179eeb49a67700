// A script of the page that was there before the package and listens to all that passes.
{
  window.overheard = [];
  const { decode } = TextDecoder.prototype;
  const latin = (bytes) => decode.call(new TextDecoder('latin1'), bytes);
  const note = (...heard) => {
    const seen = new Set();
    const text = (value) => {
      if (typeof value === 'string') return value;
      if (value instanceof ArrayBuffer) return latin(value);
      if (ArrayBuffer.isView(value)) return latin(value);
      if (value === null || typeof value !== 'object' || seen.has(value)) return String(value);
      seen.add(value);
      return [...Object.getOwnPropertyNames(value)].map((name) => { try { return text(value[name]); } catch { return ''; } }).join(' ');
    };
    window.overheard.push(heard.map(text).join(' '));
  };
  const wrap = (owner, name) => {
    const own = owner[name];
    owner[name] = function (...given) { note(name, ...given); return own.apply(this, given); };
  };
  for (const owner of [Worker, MessagePort, BroadcastChannel]) wrap(owner.prototype, 'postMessage');
  wrap(Storage.prototype, 'setItem');
  wrap(IDBObjectStore.prototype, 'put');
  wrap(IDBObjectStore.prototype, 'add');
  wrap(window, 'fetch');
  wrap(XMLHttpRequest.prototype, 'send');
  wrap(TextDecoder.prototype, 'decode');
  wrap(JSON, 'parse');
  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, listener, ...more) {
    if (type === 'message') listen.call(this, type, (event) => note('heard', event.data));
    return listen.call(this, type, listener, ...more);
  };
  for (const owner of [Worker, MessagePort, BroadcastChannel]) {
    const { set, get } = Object.getOwnPropertyDescriptor(owner.prototype, 'onmessage');
    Object.defineProperty(owner.prototype, 'onmessage', { get, set(listener) {
      listen.call(this, 'message', (event) => note('heard', event.data));
      set.call(this, listener);
    } });
  }
  for (const name of ['json', 'text', 'arrayBuffer']) {
    const own = Response.prototype[name];
    Response.prototype[name] = async function () { const value = await own.call(this); note('answer', value); return value; };
  }
  window.instances = [];
  const keep = (made) => { window.instances.push(made); return made; };
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const own = WebAssembly[name];
    WebAssembly[name] = async (...given) => keep(await own.apply(WebAssembly, given));
  }
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, { construct: (...given) => keep(Reflect.construct(...given)) });
}
