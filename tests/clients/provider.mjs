// An outside issuer written by others. Arguments: the hub's redirect URI, its public keys as a JWK Set, the audience
// of access tokens. Prints its address; for each line it reads, its keys are replaced and it says "rotated".
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";

const [redirectUri, hubKeys, audience] = process.argv.slice(2);
const key = async (alg) => ({ ...(await exportJWK((await generateKeyPair(alg, { extractable: true })).privateKey)), alg, use: "sig" });
const provider = async (issuer) => new Provider(issuer, {
  clients: [
    {
      client_id: "hub", redirect_uris: [redirectUri], grant_types: ["authorization_code"], jwks: JSON.parse(hubKeys),
      token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "ES512",
      id_token_signed_response_alg: "ES512",
    },
    {
      client_id: "central", client_secret: "a-secret-of-this-test", redirect_uris: [], response_types: [],
      grant_types: ["client_credentials"], id_token_signed_response_alg: "ES512",
    },
  ],
  jwks: { keys: [await key("ES512"), await key("ES256")] },
  enabledJWA: {
    idTokenSigningAlgValues: ["ES512"], clientAuthSigningAlgValues: ["ES512"],
  },
  cookies: { keys: ["a key of this test"] },
  findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({ scope: "read", audience, accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } }),
    },
  },
});

const server = createServer((request, response) => answer(request, response));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
let answer = (await provider(issuer)).callback();
console.log(issuer);
for await (const line of createInterface({ input: process.stdin })) {
  answer = (await provider(issuer)).callback();
  console.log(`rotated ${line}`);
}
process.exit(0);
