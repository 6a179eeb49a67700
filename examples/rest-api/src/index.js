// A REST API in plain JavaScript, without a line about tokens: Latchkey has checked the caller
// before, and says in the latchkey-* headers who it is.
//
//   GET /notes, POST /notes {"text": "..."}, DELETE /notes/<id>
//   POST /upload             counts the bytes of the body as they arrive
//   GET /events?seconds=10   server-sent events, one each second
//   GET /whoami              what this API was told about the caller
import { Notes } from "./notes.js";

export { Notes };

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const [, collection, id, ...more] = url.pathname.split("/");
    const methods = more.length > 0 || (id && collection !== "notes") ? null : {
      notes: id ? { DELETE: () => deleteNote(request, env, id) } : { GET: () => listNotes(request, env), POST: () => addNote(request, env) },
      upload: { POST: () => countBytes(request) },
      events: { GET: () => streamEvents(request, url) },
      whoami: { GET: () => whoami(request) },
    }[collection];
    if (!methods) return json({ error: "There is nothing here." }, 404);
    const answer = methods[request.method];
    if (!answer) return json({ error: `${request.method} does not work here.` }, 405, { allow: Object.keys(methods).join(", ") });
    return answer();
  },
};

/** The notes of the person who is calling; Latchkey removes this header from what a client sends. */
function notesOf(request, env) {
  return env.NOTES.getByName(request.headers.get("latchkey-subject") ?? "nobody");
}

async function listNotes(request, env) {
  return json({ notes: await notesOf(request, env).list() });
}

async function addNote(request, env) {
  const { text } = await request.json().catch(() => ({})) ?? {};
  if (typeof text !== "string" || text.length < 1 || text.length > 2_000) {
    return json({ error: 'Send {"text": "..."} with 1 to 2000 characters.' }, 400);
  }
  return json(await notesOf(request, env).add(text), 201);
}

async function deleteNote(request, env, id) {
  const deleted = /^\d{1,15}$/.test(id) && await notesOf(request, env).delete(Number(id));
  return deleted ? new Response(null, { status: 204 }) : json({ error: "There is no such note." }, 404);
}

async function countBytes(request) {
  let bytes = 0;
  for await (const chunk of request.body ?? []) bytes += chunk.byteLength;
  return json({ bytes });
}

function streamEvents(request, url) {
  const seconds = Math.min(Math.max(Number(url.searchParams.get("seconds") ?? 10) || 0, 1), 3_600);
  const encoder = new TextEncoder();
  let sent = 0;
  const body = new ReadableStream({
    async pull(controller) {
      if (sent > 0) await new Promise((resolve) => setTimeout(resolve, 1_000));
      sent += 1;
      controller.enqueue(encoder.encode(`id: ${sent}\ndata: ${JSON.stringify({ event: sent, of: seconds })}\n\n`));
      if (sent >= seconds) controller.close();
    },
  }, { highWaterMark: 0 });
  request.signal.addEventListener("abort", () => {
    if (sent < seconds) console.log(`events: the reader left after ${sent} of ${seconds}`);
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}

function whoami(request) {
  const told = Object.fromEntries([...request.headers].filter(([name]) => name.startsWith("latchkey-")));
  // Signed words about the caller are for this API; the caller needs no copy of them.
  if (told["latchkey-assertion"]) told["latchkey-assertion"] = "(a signed JWT)";
  return json({ told, headers: [...request.headers.keys()].sort() });
}

function json(value, status = 200, headers = {}) {
  return Response.json(value, { status, headers: { "cache-control": "no-store", ...headers } });
}
