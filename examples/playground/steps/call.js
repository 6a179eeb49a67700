// Step 5: the MCP server with the token.
import { bearerChallenge } from "../checks/challenge.js";
import { callChecks } from "../checks/call.js";
import { header, last } from "../checks/check.js";
import { readable } from "../checks/network.js";
import { Mcp } from "../mcp.js";

/** Says hello and lists the tools. */
export function connection({ address, token, revision, remember, page }) {
  const sent = [];
  return {
    run: async ({ options }) => {
      const mcp = new Mcp(address, token, revision, { ...options, remember });
      sent.push(...await mcp.initialize());
      if (sent.some(({ message }) => message?.error) || sent.some(({ exchange }) => !exchange.response)) return { mcp, tools: [] };
      const listed = await mcp.request("tools/list", {});
      sent.push(listed);
      const tools = listed.message?.result?.tools;
      return { mcp, tools: Array.isArray(tools) ? tools.filter((tool) => typeof tool?.name === "string") : [] };
    },
    checks: ({ exchanges }) => [...sent.flatMap(callChecks), ...readable(exchanges, page)],
    words: ({ tools }) => (tools.length > 0 ? `${tools.length} ${tools.length === 1 ? "tool" : "tools"}: ${tools.map(({ name }) => name).join(", ")}.` : undefined),
  };
}

/** Calls a tool with these arguments. */
export function call({ mcp, token, tool, input, remember, page }) {
  let sent;
  return {
    run: async ({ options }) => {
      sent = await mcp.continued(token, { ...options, remember }).request("tools/call", { name: tool, arguments: input });
      return sent;
    },
    checks: ({ exchanges }) => [...(sent ? callChecks(sent) : []), ...readable(exchanges, page)],
    words: ({ message }) => textOf(message),
  };
}

/** What a tool said, shortened. */
function textOf(message) {
  const texts = (Array.isArray(message?.result?.content) ? message.result.content : []).flatMap(({ text }) => (typeof text === "string" ? [text] : []));
  const text = texts.join("\n");
  return text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text || undefined;
}

/** The scope that a refusal names, beside what is held: what to ask for next. */
export function scopeToAsk(exchanges, held) {
  const challenge = bearerChallenge(header(last(exchanges, "tool_call"), "www-authenticate"));
  if (challenge?.error !== "insufficient_scope" || !challenge.scope) return undefined;
  return [...new Set([...(held ?? "").split(" "), ...challenge.scope.split(" ")])].filter(Boolean).join(" ");
}

/** Arguments to begin with: each member that the tool's schema wants. */
export function sampleArguments(schema) {
  const blanks = { string: "", number: 0, integer: 0, boolean: false, array: [], object: {} };
  const properties = Object.entries(schema?.properties ?? {});
  const wanted = properties.filter(([name]) => schema.required?.includes?.(name) ?? false);
  return Object.fromEntries(wanted.map(([name, { default: usual, enum: choices, type } = {}]) => [name, usual ?? choices?.[0] ?? blanks[type] ?? null]));
}
