// Verifies webhooks with what others wrote: standardwebhooks (v1), node:crypto (v1a) and the SDK of CloudEvents.
// Reads a file of [{headers, body, secret, publicKey}]; prints what each verifier found, as one JSON list.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";

const SPKI_OF_ED25519 = Buffer.from("302a300506032b6570032100", "hex");

function verifiesAsymmetric({ headers, body, publicKey }) {
  const raw = Buffer.from(publicKey.replace("whpk_", ""), "base64");
  const key = createPublicKey({ key: Buffer.concat([SPKI_OF_ED25519, raw]), format: "der", type: "spki" });
  const content = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const signatures = headers["webhook-signature"].split(" ").filter((each) => each.startsWith("v1a,"));
  return signatures.some((each) => verify(null, content, key, Buffer.from(each.slice(4), "base64")));
}

function verifiesSymmetric({ headers, body, secret }) {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

function cloudEvent({ headers, body }) {
  if (!headers["content-type"].startsWith("application/cloudevents+json")) return null;
  const { id, type, subject, data } = HTTP.toEvent({ headers, body });
  return { id, type, subject, data };
}

const verified = JSON.parse(readFileSync(process.argv[2], "utf8")).map((message) => ({
  v1: verifiesSymmetric(message),
  v1a: verifiesAsymmetric(message),
  event: cloudEvent(message),
}));
console.log(JSON.stringify(verified));
