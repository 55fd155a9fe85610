// Notifies the hub with signatures made by Node's own crypto, and has npm midtrans-client verify the sandbox's.
// Prints one line of JSON. Argument: a JSON file with keys, the hub's URL, and notices the sandbox signed.
import { createHash, createSign } from "node:crypto";
import { readFileSync } from "node:fs";
import midtrans from "midtrans-client";

const { SnapBi, SnapBiConfig } = midtrans;
const { hub, key, publicKey, serverKey, partner, channel, at, notices } = JSON.parse(readFileSync(process.argv[2], "utf8"));
SnapBiConfig.snapBiPublicKey = publicKey;

const verified = notices.map(({ path, body, signature, at: signedAt }) =>
  SnapBi.notification()
    .withNotificationPayload(body).withNotificationUrlPath(path).withSignature(signature).withTimeStamp(signedAt)
    .isWebhookNotificationVerified());

const signature = (path, text) => {
  const hash = createHash("sha256").update(text).digest("hex");
  return createSign("RSA-SHA256").update(`POST:${path}:${hash}:${at}`).sign(key, "base64");
};

const post = async (path, text, headers) => {
  const sent = { "Content-Type": "application/json", ...headers };
  const answer = await fetch(hub + path, { method: "POST", body: text, headers: sent, redirect: "manual" });
  const told = await answer.json();
  return [answer.status, told.responseCode ?? told.status_code ?? told.code];
};

const snap = (path, text, signed = text, to = path) => post(to, text, {
  "X-TIMESTAMP": at, "X-SIGNATURE": signature(path, signed), "X-PARTNER-ID": partner,
  "X-EXTERNAL-ID": "37460124851", "CHANNEL-ID": channel,
});

const told = {
  originalReferenceNo: "NODE-1", originalPartnerReferenceNo: "TJ-Ñ 🚌 \"1\"", latestTransactionStatus: "00",
  amount: { value: "4000.00", currency: "IDR" }, createdTime: "2026-03-02T06:41:09+07:00", additionalInfo: {},
};
const classic = {
  transaction_time: "2026-03-02 06:41:09", transaction_status: "settlement", transaction_id: "NODE-3", order_id: "PJ-3",
  status_code: "200", gross_amount: "250000.00", merchant_id: "BAPENDA", currency: "IDR",
};
const sum = ({ order_id, status_code, gross_amount }, word) =>
  createHash("sha512").update(order_id + status_code + gross_amount + word).digest("hex");

const debit = "/hooks/gopay/v1.0/debit/notify", qr = "/hooks/gopay/v1.0/qr/qr-mpm-notify", midtransPath = "/hooks/gopay/midtrans";
const minified = JSON.stringify(told), spaced = JSON.stringify(told, null, 2);
const answers = {
  raw: await snap(debit, spaced),
  minified: await snap(debit, spaced, minified),
  qr: await snap(qr, JSON.stringify({ ...told, originalReferenceNo: "NODE-2" })),
  classic: await post(midtransPath, JSON.stringify({ ...classic, signature_key: sum(classic, serverKey) })),
  tampered: await snap(debit, minified.replace("4000", "9000"), minified),
  elsewhere: await snap("/v1.0/debit/notify", minified, minified, debit),
  slash: await snap(debit + "/", minified),
  forged: await post(midtransPath, JSON.stringify({ ...classic, signature_key: sum(classic, "another key") })),
};
console.log(JSON.stringify({ verified, answers }));
