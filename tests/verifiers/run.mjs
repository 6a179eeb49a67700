// Asks examples/verify/node about the tokens of `tests/black_box/verifiers.rs`: JSON lines in and out.
import { createInterface } from "node:readline";
import { InsufficientScope, verify } from "../../examples/verify/node/verify.mjs";

for await (const line of createInterface({ input: process.stdin })) {
  const { token, needed } = JSON.parse(line);
  let answer;
  try {
    answer = { claims: await verify(token, ...needed) };
  } catch (error) {
    answer = { status: error instanceof InsufficientScope ? 403 : 401, why: `${error}` };
  }
  console.log(JSON.stringify(answer));
}
