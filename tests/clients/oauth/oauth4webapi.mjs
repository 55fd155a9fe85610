// npm oauth4webapi, as the flows use it: each request and the judgement of its answer are steps of their own.
import { importJWK } from "jose";
import * as oauth from "oauth4webapi";

import { check, equal } from "./checks.mjs";

const plain = { [oauth.allowInsecureRequests]: true };
const AUTHENTICATION = {
  basic: ({ secret }) => oauth.ClientSecretBasic(secret),
  post: ({ secret }) => oauth.ClientSecretPost(secret),
  jwt: async ({ jwk }) => oauth.PrivateKeyJwt({ key: await importJWK(jwk, "ES256"), kid: jwk.kid }),
  none: () => oauth.None(),
};

export const newKey = () => oauth.generateKeyPair("ES256");
export const newVerifier = () => oauth.generateRandomCodeVerifier();
export const newMark = () => oauth.generateRandomState();
export const challenge = (verifier) => oauth.calculatePKCECodeChallenge(verifier);

export class Client {
  // "oidc" finds the server by OpenID Connect Discovery, "oauth2" by RFC 8414.
  static async of(url, registered, method, algorithm = "oidc") {
    const client = new Client();
    const issuer = new URL(url);
    client.server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...plain }));
    client.me = { client_id: registered.id };
    client.all = [client.server, client.me, await AUTHENTICATION[method](registered)];
    return client;
  }

  async own(parameters, key) {
    const response = await oauth.clientCredentialsGrantRequest(...this.all, parameters, this.#bound(key));
    return oauth.processClientCredentialsResponse(this.server, this.me, response);
  }

  request(parameters) {
    const url = new URL(this.server.authorization_endpoint);
    url.search = new URLSearchParams({ client_id: this.me.client_id, response_type: "code", ...parameters });
    return url;
  }

  async push(parameters, key) {
    const whole = Object.fromEntries(this.request(parameters).searchParams);
    const response = await oauth.pushedAuthorizationRequest(...this.all, whole, this.#bound(key));
    const { request_uri } = await oauth.processPushedAuthorizationResponse(this.server, this.me, response);
    const url = new URL(this.server.authorization_endpoint);
    url.search = new URLSearchParams({ client_id: this.me.client_id, request_uri });
    return url;
  }

  async exchange(back, { verifier, state, nonce }, parameters, key) {
    const told = oauth.validateAuthResponse(this.server, this.me, back, state);
    const at = back.origin + back.pathname;
    const options = { additionalParameters: parameters, ...this.#bound(key) };
    const response = await oauth.authorizationCodeGrantRequest(...this.all, told, at, verifier ?? oauth.nopkce, options);
    const checks = { expectedNonce: nonce, requireIdToken: Boolean(nonce) };
    const tokens = await oauth.processAuthorizationCodeResponse(this.server, this.me, response, checks);
    if (nonce) await oauth.validateApplicationLevelSignature(this.server, response, plain);
    return { ...tokens, claims: oauth.getValidatedIdTokenClaims(tokens) };
  }

  async refresh(token, parameters, key) {
    const options = { additionalParameters: parameters, ...this.#bound(key) };
    const response = await oauth.refreshTokenGrantRequest(...this.all, token, options);
    return oauth.processRefreshTokenResponse(this.server, this.me, response);
  }

  async userinfo(token, subject, key) {
    const response = await oauth.userInfoRequest(this.server, this.me, token, this.#bound(key));
    return oauth.processUserInfoResponse(this.server, this.me, subject, response);
  }

  async introspect(token) {
    const response = await oauth.introspectionRequest(...this.all, token, plain);
    return oauth.processIntrospectionResponse(this.server, this.me, response);
  }

  async revoke(token) {
    return oauth.processRevocationResponse(await oauth.revocationRequest(...this.all, token, plain));
  }

  call(token, url, body, key) {
    const headers = new Headers({ "content-type": "application/json" });
    return oauth.protectedResourceRequest(token, "POST", url, headers, body, this.#bound(key));
  }

  #bound(key) {
    return key ? { DPoP: oauth.DPoP(this.me, key), ...plain } : plain;
  }
}

// What this library does besides: it is a resource server's as well.
export async function more(hub, clients) {
  await check("the protected resource tells its authorization server", async () => {
    const resource = new URL(hub.url);
    const response = await oauth.resourceDiscoveryRequest(resource, plain);
    const told = await oauth.processResourceDiscoveryResponse(resource, response);
    equal(told.authorization_servers, [hub.url]);
  });
  await check("an access token is a JWT as RFC 9068 has it", async () => {
    const { access_token } = await clients.basic.own({});
    const claims = await validated(hub, clients.basic.server, access_token);
    equal([claims.sub, claims.client_id, claims.scope], [hub.clients.basic.id, hub.clients.basic.id, hub.scope]);
  });
  await check("a bound access token holds with its proof only", async () => {
    const key = await newKey();
    const { access_token } = await clients.bound.own({}, key);
    let sent;
    const caught = (url, options) => {
      sent = new Request(url, options);
      return new Response("{}");
    };
    const options = { DPoP: oauth.DPoP(clients.bound.me, key), [oauth.customFetch]: caught, ...plain };
    await oauth.protectedResourceRequest(access_token, "POST", new URL("/graphql", hub.url), undefined, undefined, options);
    const claims = await oauth.validateJwtAccessToken(clients.bound.server, sent, hub.url, { requireDPoP: true, ...plain });
    equal(typeof claims.cnf.jkt, "string");
  });
}

function validated(hub, server, token) {
  const request = new Request(new URL("/graphql", hub.url), { headers: { authorization: `Bearer ${token}` } });
  return oauth.validateJwtAccessToken(server, request, hub.url, plain);
}
