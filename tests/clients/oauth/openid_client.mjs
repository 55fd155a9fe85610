// npm openid-client, as the flows use it. Signatures of ID tokens are checked, and so is iss wherever it comes.
import { importJWK } from "jose";
import * as oidc from "openid-client";

const AUTHENTICATION = {
  basic: ({ secret }) => oidc.ClientSecretBasic(secret),
  post: ({ secret }) => oidc.ClientSecretPost(secret),
  jwt: async ({ jwk }) => oidc.PrivateKeyJwt({ key: await importJWK(jwk, "ES256"), kid: jwk.kid }),
  none: () => oidc.None(),
};

export const newKey = () => oidc.randomDPoPKeyPair("ES256");
export const newVerifier = () => oidc.randomPKCECodeVerifier();
export const newMark = () => oidc.randomState();
export const challenge = (verifier) => oidc.calculatePKCECodeChallenge(verifier);

export class Client {
  #config;

  // "oidc" finds the server by OpenID Connect Discovery, "oauth2" by RFC 8414.
  static async of(url, registered, method, algorithm = "oidc") {
    const client = new Client();
    const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks];
    const authentication = await AUTHENTICATION[method](registered);
    client.#config = await oidc.discovery(new URL(url), registered.id, {}, authentication, { execute, algorithm });
    return client;
  }

  get server() {
    return this.#config.serverMetadata();
  }

  own(parameters, key) {
    return oidc.clientCredentialsGrant(this.#config, parameters, this.#bound(key));
  }

  request(parameters) {
    return oidc.buildAuthorizationUrl(this.#config, parameters);
  }

  push(parameters, key) {
    return oidc.buildAuthorizationUrlWithPAR(this.#config, parameters, this.#bound(key));
  }

  async exchange(back, { verifier, state, nonce }, parameters, key) {
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: Boolean(nonce) };
    const tokens = await oidc.authorizationCodeGrant(this.#config, back, checks, parameters, this.#bound(key));
    return { ...tokens, claims: tokens.claims() };
  }

  refresh(token, parameters, key) {
    return oidc.refreshTokenGrant(this.#config, token, parameters, this.#bound(key));
  }

  userinfo(token, subject, key) {
    return oidc.fetchUserInfo(this.#config, token, subject, this.#bound(key));
  }

  introspect(token) {
    return oidc.tokenIntrospection(this.#config, token);
  }

  revoke(token) {
    return oidc.tokenRevocation(this.#config, token);
  }

  call(token, url, body, key) {
    const headers = new Headers({ "content-type": "application/json" });
    return oidc.fetchProtectedResource(this.#config, token, url, "POST", body, headers, this.#bound(key));
  }

  #bound(key) {
    return key && { DPoP: oidc.getDPoPHandle(this.#config, key) };
  }
}

export async function more() {}
