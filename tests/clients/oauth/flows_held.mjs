// Tokens that are held: what introspection tells of them, and that revocation takes them back everywhere.
import { check, equal, refused } from "./checks.mjs";
import { refusedByGraph } from "./flows_user.mjs";

export async function heldChecks(hub, { basic, post, app }) {
  const user = await check("tokens to hold", () => hub.signsIn(basic));

  await check("introspection tells of an access token", async () => {
    const told = await basic.introspect(user.access_token);
    equal(
      [told.active, told.iss, told.aud, told.sub, told.client_id, told.scope, told.token_type],
      [true, hub.url, hub.url, user.claims.sub, hub.clients.basic.id, user.scope, "Bearer"],
    );
  });
  await check("introspection tells of a refresh token", async () => {
    const told = await basic.introspect(user.refresh_token);
    equal([told.active, told.client_id], [true, hub.clients.basic.id]);
  });
  await check("introspection tells nothing of another client's token, or of none", async () => {
    equal(await post.introspect(user.access_token), { active: false });
    equal(await post.introspect("no-token"), { active: false });
  });
  await check("a public client may not introspect", () =>
    refused("unauthorized_client", () => app.introspect(user.access_token)));
  await check("an access token is taken back alone", async () => {
    const { access_token } = await basic.own({});
    await hub.takes(basic, access_token);
    await basic.revoke(access_token);
    equal(await basic.introspect(access_token), { active: false });
    await refusedByGraph(hub, basic, access_token);
  });
  await check("another client's token is not taken back", async () => {
    await refused("invalid_grant", () => post.revoke(user.access_token));
    equal((await basic.introspect(user.access_token)).active, true);
  });
  await check("a refresh token is taken back with everything of its grant", async () => {
    await basic.revoke(user.refresh_token);
    equal([await basic.introspect(user.refresh_token), await basic.introspect(user.access_token)], [{ active: false }, { active: false }]);
    await refused("invalid_grant", () => basic.refresh(user.refresh_token, {}));
    await refusedByGraph(hub, basic, user.access_token);
  });
  await check("a public client takes its own token back", async () => {
    const { access_token, refresh_token } = await hub.signsIn(app);
    await app.revoke(refresh_token);
    await refused("invalid_grant", () => app.refresh(refresh_token, {}));
    await refusedByGraph(hub, app, access_token);
  });
  await check("revocation of what is no token is fine", () => basic.revoke("no-token"));
}
