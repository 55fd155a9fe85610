// Signs and asks as npm midtrans-client (SnapBi) does; prints one line of JSON.
// Argument: a JSON file with the credentials, the bodies to sign, and the URL of a provider to ask.
import { readFileSync } from "node:fs";
import midtrans from "midtrans-client";

const { SnapBi, SnapBiConfig } = midtrans;
const { url, client, secret, key, partner, channel, at, now, calls, path, body } = JSON.parse(readFileSync(process.argv[2], "utf8"));
SnapBiConfig.SNAP_BI_SANDBOX_BASE_URL = url;

const asking = SnapBi.directDebit()
  .withClientId(client).withClientSecret(secret).withPrivateKey(key).withPartnerId(partner).withChannelId(channel)
  .withTimeStamp(now).withBody(body);
// The kit knows payments only; it signs and sends any other call in the same way.
asking.apiPath = path;
console.log(JSON.stringify({
  token: SnapBi.getAsymmetricSignatureSha256WithRsa(client, at, key),
  signatures: calls.map(({ token, method, path: to, body: told }) =>
    SnapBi.getSymmetricSignatureHmacSh512(token, told, method, to, secret, at)),
  granted: await asking.getAccessToken(),
  answered: await asking.createConnection("37460124851"),
}));
