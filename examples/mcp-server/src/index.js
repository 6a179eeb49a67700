// An MCP server on the official SDK: one endpoint, /mcp, that speaks every revision from 2025-03-26
// to 2026-07-28. It has no line about tokens or consent; Latchkey has checked all of that before.
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { Notes } from "./notes.js";

export { Notes };

export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/mcp") return new Response("Not found\n", { status: 404 });
    return createMcpHandler(() => notesServer(request.headers, env)).fetch(request);
  },
};

/** The server for one request: its tools work on the notes of the person who is calling. */
function notesServer(headers, env) {
  // Latchkey sets this header and removes it from what a client sends.
  const notes = env.NOTES.getByName(headers.get("latchkey-subject") ?? "nobody");
  const server = new McpServer({ name: "latchkey-example-notes", version: "1.0.0" });

  server.registerTool("list_notes", {
    title: "List notes",
    description: "Lists your notes with their ids.",
    annotations: { readOnlyHint: true },
  }, async () => say(await notes.list()));

  server.registerTool("add_note", {
    title: "Add a note",
    description: "Keeps a note and returns it with its id.",
    inputSchema: z.object({ text: z.string().min(1).max(2_000).describe("What the note says") }),
  }, async ({ text }) => say(await notes.add(text)));

  server.registerTool("delete_note", {
    title: "Delete a note",
    description: "Deletes one of your notes for good.",
    inputSchema: z.object({ id: z.number().int().describe("The id that list_notes shows") }),
    annotations: { destructiveHint: true, idempotentHint: true },
  }, async ({ id }) => (await notes.delete(id) ? say({ deleted: id }) : { ...say({ error: `There is no note ${id}.` }), isError: true }));

  server.registerTool("whoami", {
    title: "Who am I?",
    description: "Says who is calling, as Latchkey told this server.",
    annotations: { readOnlyHint: true },
  }, async () => say({
    subject: headers.get("latchkey-subject"),
    subject_type: headers.get("latchkey-subject-type"),
    client_id: headers.get("latchkey-client-id"),
    scope: headers.get("latchkey-scope"),
    credential: headers.get("latchkey-credential"),
    reference: headers.get("latchkey-reference"),
  }));

  return server;
}

/** A tool's result: one text, which is JSON. */
function say(value) {
  return { content: [{ type: "text", text: JSON.stringify(value, null, 2) }] };
}
