// Runs every flow with a library written by others. Arguments: the library's module here, and what was registered
// at the hub (registering.py). Prints one line of JSON with the checks.
import { check, equal, tell } from "./checks.mjs";
import { boundChecks } from "./flows_bound.mjs";
import { heldChecks } from "./flows_held.mjs";
import { ownChecks } from "./flows_own.mjs";
import { userChecks } from "./flows_user.mjs";
import { Browser } from "./visit.mjs";

const [module, registered] = process.argv.slice(2);
const library = await import(`./${module}.mjs`);
const hub = { ...JSON.parse(registered), scope: "complaints:submit complaints:read" };

const clients = {};
for (const [kind, method] of Object.entries({ basic: "basic", post: "post", bound: "jwt", app: "none" })) {
  clients[kind] = await check(`the server is found for ${kind}`, () => library.Client.of(hub.url, hub.clients[kind], method));
}
await check("both well-known paths tell the same", async () => {
  const { server } = await library.Client.of(hub.url, hub.clients.app, "none", "oauth2");
  equal(server, clients.app.server);
});

// A client's call of the graph; its HTTP status and the answer.
hub.call = async (client, token, key, query = "{ __typename }") => {
  const response = await client.call(token, new URL("/graphql", hub.url), JSON.stringify({ query }), key);
  return [response.status, await response.json()];
};
// That the graph takes a token.
hub.takes = async (client, token, key) => equal((await hub.call(client, token, key))[0], 200);

// A user's way through the pages: where it ended, and what the client has to remember of it.
hub.asks = async (client, { browser = hub.browser, push = false, key, ...over } = {}) => {
  const remembered = { verifier: library.newVerifier(), state: library.newMark(), nonce: library.newMark() };
  const parameters = {
    redirect_uri: hub.back, scope: "openid complaints:read", resource: hub.url, state: remembered.state,
    nonce: remembered.nonce, code_challenge: await library.challenge(remembered.verifier),
    code_challenge_method: "S256", ...over,
  };
  for (const [name, value] of Object.entries(parameters)) if (value === undefined) delete parameters[name];
  const url = push ? await client.push(parameters, key) : client.request(parameters);
  return { url, remembered, back: await browser.visit(url) };
};
// The same, and the tokens at its end.
hub.signsIn = async (client, { key, ...how } = {}) => {
  const { back, remembered } = await hub.asks(client, { key, ...how });
  return client.exchange(back, remembered, {}, key);
};
hub.browser = new Browser(hub.officer);

await ownChecks(hub, clients, library);
await userChecks(hub, clients, library);
await boundChecks(hub, clients, library);
await heldChecks(hub, clients);
await library.more(hub, clients);
tell();
