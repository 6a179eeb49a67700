import * as latchkey from "/package/ENTRY";
window.latchkey = latchkey;
window.happened = [];
const describe = (error) => ({
  isOurs: error instanceof latchkey.LatchkeyError && error instanceof Error,
  name: String(error?.name), code: error?.code ?? null, message: String(error?.message ?? error),
  status: error?.status ?? null, retryAfter: error?.retryAfter ?? null,
  scope: error?.scope ?? null, member: error?.member ?? null,
});
window.attempt = async (act) => {
  let outcome;
  try { outcome = { value: (await act()) ?? null }; } catch (error) { outcome = { failed: describe(error) }; }
  document.querySelector("#outcome").textContent = JSON.stringify(outcome);
  return outcome;
};
window.listen = (client) => {
  for (const type of ["signedin", "signedout", "refreshed", "retrying"])
    client.addEventListener(type, ({ detail }) => window.happened.push({ type, detail }));
  return client;
};
document.documentElement.dataset.ready = "yes";
