// Clients in their own name: client_credentials by each way to show who one is, and what is refused.
import { exportJWK, generateKeyPair } from "jose";

import { check, equal, refused } from "./checks.mjs";

const SUBMIT = `mutation { submitComplaint(input: {
  idempotencyKey: "client-1", channel: WEB, class: COMPLAINT, areaCode: "33.74", title: "Bus tidak berhenti di halte"
  text: "Bus koridor 7 lewat tanpa berhenti di halte.", anonymous: true, reporter: {name: "Uji", phone: "+62 811 0000 0000"}
}) { ... on SubmitComplaintPayload { ticket } } }`;

export async function ownChecks(hub, clients, library) {
  const registered = hub.clients;
  const as = (kind, method, over) => library.Client.of(hub.url, { ...registered[kind], ...over }, method);

  for (const kind of ["basic", "post"]) {
    await check(`client_credentials by client_secret_${kind}`, async () => {
      const tokens = await clients[kind].own({});
      equal([tokens.token_type, tokens.expires_in, tokens.scope, tokens.refresh_token], ["bearer", 600, hub.scope, undefined]);
      await hub.takes(clients[kind], tokens.access_token);
    });
  }
  await check("client_credentials by private_key_jwt, bound to a key", async () => {
    const key = await library.newKey();
    const tokens = await clients.bound.own({}, key);
    equal([tokens.token_type, tokens.scope], ["dpop", hub.scope]);
    await hub.takes(clients.bound, tokens.access_token, key);
  });
  await check("client_credentials bound to a key, by a client that need not", async () => {
    const key = await library.newKey();
    const tokens = await clients.post.own({}, key);
    equal(tokens.token_type, "dpop");
    await hub.takes(clients.post, tokens.access_token, key);
  });
  await check("client_credentials for fewer scopes and for the resource", async () => {
    const { access_token, scope } = await clients.basic.own({ scope: "complaints:read", resource: hub.url });
    equal(scope, "complaints:read");
    const [, { errors }] = await hub.call(clients.basic, access_token, undefined, SUBMIT);
    equal(errors.map(({ extensions }) => [extensions.code, extensions.scope]), [["FORBIDDEN", "complaints:submit"]]);
  });
  await check("a partner submits a complaint", async () => {
    const { access_token } = await clients.basic.own({ scope: "complaints:submit" });
    const [, { data }] = await hub.call(clients.basic, access_token, undefined, SUBMIT);
    equal(/^LG-\d{4}-\d{6}$/.test(data.submitComplaint.ticket), true);
  });
  await check("another resource is refused", () =>
    refused("invalid_target", () => clients.basic.own({ resource: "https://other.example" })));
  await check("a scope that was not granted is refused", () =>
    refused("invalid_scope", () => clients.basic.own({ scope: "complaints:pii" })));
  await check("a wrong secret is refused", async () => {
    const client = await as("post", "post", { secret: "wrong" });
    await refused("invalid_client", () => client.own({}), 401);
  });
  await check("a wrong secret is refused with a challenge", async () => {
    const client = await as("basic", "basic", { secret: "wrong" });
    const told = await client.own({}).catch((error) => error);
    equal([told.status, told.cause?.[0]?.scheme], [401, "basic"]);
  });
  await check("an assertion by another key is refused", async () => {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const strange = await exportJWK(privateKey);
    const client = await as("bound", "jwt", { jwk: { ...strange, kid: registered.bound.jwk.kid } });
    await refused("invalid_client", async () => client.own({}, await library.newKey()), 401);
  });
  await check("another way to authenticate than the registered one is refused", async () => {
    const client = await as("basic", "post");
    await refused("invalid_client", () => client.own({}), 401);
  });
  await check("an unknown client is refused", async () => {
    const client = await as("post", "post", { id: "c_nobody" });
    await refused("invalid_client", () => client.own({}), 401);
  });
  await check("a public client has nothing in its own name", () =>
    refused("unauthorized_client", () => clients.app.own({})));
}
