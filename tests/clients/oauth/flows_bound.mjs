// A client held to the FAPI 2.0 Security Profile: it signs, pushes its requests, and its tokens are bound to a key.
import { check, equal, refused } from "./checks.mjs";
import { refusedByGraph } from "./flows_user.mjs";

export async function boundChecks(hub, clients, library) {
  const { bound } = clients;
  const key = await library.newKey();
  const other = await library.newKey();

  await check("a pushed request leaves nothing but its name in the URL", async () => {
    const { url } = await hub.asks(bound, { push: true, key });
    equal([...url.searchParams.keys()].sort(), ["client_id", "request_uri"]);
  });
  const tokens = await check("the code flow pushed, signed and bound", async () => {
    const told = await hub.signsIn(bound, { push: true, key });
    equal([told.token_type, told.scope], ["dpop", "openid complaints:read"]);
    return told;
  });
  await check("the graph takes a bound token with a proof of its key", () => hub.takes(bound, tokens.access_token, key));
  await check("the graph refuses a bound token as a bearer's", () => refusedByGraph(hub, bound, tokens.access_token));
  await check("the graph refuses a bound token with a proof of another key", () =>
    refusedByGraph(hub, bound, tokens.access_token, other, "invalid_dpop_proof"));
  await check("userinfo takes a bound token with a proof of its key", async () => {
    const told = await bound.userinfo(tokens.access_token, tokens.claims.sub, key);
    equal(told.sub, tokens.claims.sub);
  });
  await check("userinfo refuses a bound token as a bearer's", async () => {
    const told = await bound.userinfo(tokens.access_token, tokens.claims.sub).catch((error) => error);
    equal([told.status, told.cause?.[0]?.parameters.error], [401, "invalid_token"]);
  });
  await check("a bound refresh token is kept, and works again", async () => {
    for (let n = 0; n < 2; n += 1) {
      const next = await bound.refresh(tokens.refresh_token, {}, key);
      equal([next.token_type, [undefined, tokens.refresh_token].includes(next.refresh_token)], ["dpop", true]);
      await hub.takes(bound, next.access_token, key);
    }
  });
  await check("a bound refresh token without a proof is refused", () =>
    refused("invalid_dpop_proof", () => bound.refresh(tokens.refresh_token, {})));
  await check("an unbound token is refused to a client that must bind", () =>
    refused("invalid_dpop_proof", () => bound.own({})));
  await check("a request that was not pushed is refused to a client that must push", async () => {
    const { back, remembered } = await hub.asks(bound);
    await refused("invalid_request", () => bound.exchange(back, remembered, {}));
  });
  await check("a pushed request is good once", async () => {
    const { url } = await hub.asks(bound, { push: true, key });
    const told = await hub.browser.visit(url).catch(String);
    equal([/^Error: 400 /.test(told), told.includes("invalid_request")], [true, true]);
  });
  await check("another client's pushed request is refused", async () => {
    const { url } = await hub.asks(bound, { push: true, key });
    url.searchParams.set("client_id", hub.clients.basic.id);
    const told = await hub.browser.visit(url).catch(String);
    equal(/^Error: 400 /.test(told), true);
  });
  await check("a code that was pushed with a key is refused to another", async () => {
    const { back, remembered } = await hub.asks(bound, { push: true, key });
    await refused("invalid_dpop_proof", () => bound.exchange(back, remembered, {}, other));
  });
  await check("what is wrong with a pushed request is told when it is pushed", async () => {
    await refused("invalid_scope", () => hub.asks(bound, { push: true, key, scope: "complaints:pii" }));
    await refused("invalid_target", () => hub.asks(bound, { push: true, key, resource: "https://other.example" }));
  });
  await check("a public client may push and bind", async () => {
    const told = await hub.signsIn(clients.app, { push: true, key });
    equal(told.token_type, "dpop");
    const next = await clients.app.refresh(told.refresh_token, {}, key);
    equal([next.token_type, next.refresh_token === told.refresh_token], ["dpop", false]);
    await refused("invalid_dpop_proof", () => clients.app.refresh(next.refresh_token, {}, other));
  });
}
