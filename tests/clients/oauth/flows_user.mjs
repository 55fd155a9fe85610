// Users: the code flow with PKCE, ID tokens and refresh tokens that are replaced, and what is refused.
import { setTimeout } from "node:timers/promises";

import { check, equal, refused } from "./checks.mjs";
import { Browser } from "./visit.mjs";

export async function userChecks(hub, clients, library) {
  const { app, basic } = clients;

  await check("a user signs in and consents, on two pages", async () => {
    const { back } = await hub.asks(app);
    equal(hub.browser.pages, ["Masuk · Simpul", "Beri izin · Simpul"]);
    equal([...back.searchParams.keys()].sort(), ["code", "iss", "state"]);
    equal(back.searchParams.get("iss"), hub.url);
  });
  for (const kind of ["app", "basic"]) {
    await check(`the code flow of ${kind}: state, iss, nonce, and the ID token's claims and signature`, async () => {
      const tokens = await hub.signsIn(clients[kind]);
      equal([tokens.token_type, tokens.scope], ["bearer", "openid complaints:read"]);
      equal([tokens.claims.aud, tokens.claims.iss], [hub.clients[kind].id, hub.url]);
      await hub.takes(clients[kind], tokens.access_token);
      const told = await clients[kind].userinfo(tokens.access_token, tokens.claims.sub);
      equal([told.sub, told.kind], [tokens.claims.sub, "OFFICER"]);
    });
  }
  await check("without openid there is no ID token, and no userinfo", async () => {
    const { back, remembered } = await hub.asks(app, { scope: "complaints:read", nonce: undefined });
    const tokens = await app.exchange(back, { ...remembered, nonce: undefined }, {});
    equal([tokens.id_token, tokens.scope], [undefined, "complaints:read"]);
    const told = await app.userinfo(tokens.access_token, "anybody").catch((error) => error);
    equal([told.status, told.cause?.[0]?.parameters.error], [403, "insufficient_scope"]);
  });
  await check("a user gives no more than the user has", async () => {
    const { back, remembered } = await hub.asks(app, { scope: "openid complaints:read complaints:submit" });
    equal((await app.exchange(back, remembered, {})).scope, "openid complaints:read");
  });

  await codeChecks(hub, app, basic);
  await requestChecks(hub, app, library);
  await refreshChecks(hub, clients);
}

// A code is good once, for who asked for it, where it was sent, with what was kept.
async function codeChecks(hub, app, basic) {
  await check("a code that comes again is refused, and ends what came of it", async () => {
    const { back, remembered } = await hub.asks(app);
    const tokens = await app.exchange(back, remembered, {});
    await hub.takes(app, tokens.access_token);
    await refused("invalid_grant", () => app.exchange(back, remembered, {}));
    await refusedByGraph(hub, app, tokens.access_token);
    await refused("invalid_grant", () => app.refresh(tokens.refresh_token, {}));
  });
  await check("a wrong verifier is refused, and burns the code", async () => {
    const { back, remembered } = await hub.asks(app);
    const wrong = { ...remembered, verifier: "w".repeat(43) };
    await refused("invalid_grant", () => app.exchange(back, wrong, {}));
    await refused("invalid_grant", () => app.exchange(back, remembered, {}));
  });
  await check("another redirect URI than the one asked with is refused", async () => {
    const { back, remembered } = await hub.asks(app);
    const elsewhere = new URL(back.search, "https://app.example/elsewhere");
    await refused("invalid_grant", () => app.exchange(elsewhere, remembered, {}));
  });
  await check("another client's code is refused", async () => {
    const { back, remembered } = await hub.asks(app);
    await refused("invalid_grant", () => basic.exchange(back, remembered, {}));
  });
  await check("a code for another resource is refused", async () => {
    const { back, remembered } = await hub.asks(app);
    await refused("invalid_target", () => app.exchange(back, remembered, { resource: "https://other.example" }));
  });
}

// What the authorization endpoint refuses goes back to the client with state and iss, or stays on a page.
async function requestChecks(hub, app, library) {
  const wrong = {
    "without PKCE": [{ code_challenge: undefined, code_challenge_method: undefined }, "invalid_request"],
    "with a plain challenge": [{ code_challenge_method: "plain" }, "invalid_request"],
    "for a scope that was not granted": [{ scope: "openid complaints:pii" }, "invalid_scope"],
    "for another resource": [{ resource: "https://other.example" }, "invalid_target"],
    "for a token in the answer": [{ response_type: "token" }, "unsupported_response_type"],
    "by a request object": [{ request: "e30.e30.", response_type: "code" }, "request_not_supported"],
  };
  for (const [how, [over, error]] of Object.entries(wrong)) {
    await check(`a request ${how} is refused`, async () => {
      const { back, remembered } = await hub.asks(app, over);
      await refused(error, () => app.exchange(back, remembered, {}));
      equal([back.searchParams.get("state"), back.searchParams.get("iss")], [remembered.state, hub.url]);
    });
  }
  await check("a redirect URI that is not registered stays on a page", async () => {
    const told = await hub.asks(app, { redirect_uri: "https://app.example/callback/" }).catch(String);
    equal([/^Error: 400 /.test(told), told.includes("invalid_request")], [true, true]);
  });
  await check("without a session prompt=none is refused", async () => {
    const { back, remembered } = await hub.asks(app, { browser: new Browser(hub.officer), prompt: "none" });
    await refused("login_required", () => app.exchange(back, remembered, {}));
  });
  await check("with session and consent prompt=none is granted", () => hub.signsIn(app, { prompt: "none" }));
  await check("max_age=0 asks to sign in again", async () => {
    const before = hub.browser.pages.length;
    const { claims } = await hub.signsIn(app, { max_age: "0" });
    equal([hub.browser.pages.length - before, claims.auth_time > 0], [1, true]);
  });
  await check("a user who does not consent is told of", async () => {
    hub.browser.answer = "deny";
    const { back, remembered } = await hub.asks(app, { prompt: "consent" });
    hub.browser.answer = "allow";
    await refused("access_denied", () => app.exchange(back, remembered, {}));
  });
  await check("what comes back with another state is not taken", async () => {
    const { back, remembered } = await hub.asks(app);
    const told = await app.exchange(back, { ...remembered, state: library.newMark() }, {}).catch((error) => error);
    equal(told.code, "OAUTH_INVALID_RESPONSE");
  });
}

async function refreshChecks(hub, { app, basic }) {
  for (const [kind, client] of Object.entries({ app, basic })) {
    await check(`a refresh token of ${kind} is replaced, and one that comes again ends the grant`, async () => {
      const first = await hub.signsIn(client);
      const second = await client.refresh(first.refresh_token, {});
      equal(second.refresh_token !== first.refresh_token, true);
      await hub.takes(client, second.access_token);
      await refused("invalid_grant", () => client.refresh(first.refresh_token, {}));
      await refused("invalid_grant", () => client.refresh(second.refresh_token, {}));
      await refusedByGraph(hub, client, second.access_token);
    });
  }
  await check("a refreshed token may have fewer scopes, and not more", async () => {
    const first = await hub.signsIn(app);
    const second = await app.refresh(first.refresh_token, { scope: "complaints:read", resource: hub.url });
    equal(second.scope, "complaints:read");
    await refused("invalid_scope", () => app.refresh(second.refresh_token, { scope: "openid complaints:submit" }));
  });
  await check("another client's refresh token is refused", async () => {
    const { refresh_token } = await hub.signsIn(app);
    await refused("invalid_grant", () => basic.refresh(refresh_token, {}));
    await app.refresh(refresh_token, {});
  });
}

// What was taken back is refused by every process within a second.
export async function refusedByGraph(hub, client, token, key, error = "invalid_token") {
  const tries = 20;
  let told;
  for (let n = 0; n < tries && told?.status === undefined; n += 1) {
    if (n) await setTimeout(1000 / tries);
    told = await hub.call(client, token, key).catch((refusal) => refusal);
  }
  const { parameters } = told.cause?.[0] ?? {};
  equal([told.status, parameters?.error], [401, error]);
  equal(parameters.resource_metadata, `${hub.url}/.well-known/oauth-protected-resource`);
}
