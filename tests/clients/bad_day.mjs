// A bad day of a demonstration hub, cleared in the console alone: LAPOR is down, it refuses deliveries, an item is
// unreadable, and a partner's secret leaks. Everything that is done about it is a click. Prints what was seen as JSON.
// Arguments: run.json of the hub, the browser's path, a folder for its profile, and the leaked secret as id:secret.
// The officer is in HUB_TEST_OFFICER as name:password.
import { readFileSync } from "node:fs";
import { launch } from "./browser.mjs";

const [info, executablePath, profile, leaked] = process.argv.slice(2);
const { url, tokens, sandboxes } = JSON.parse(readFileSync(info));
const [name, password] = process.env.HUB_TEST_OFFICER.split(":");
const { context, page, seen } = await launch(executablePath, profile);
page.setDefaultTimeout(120_000);

const control = (path, body) =>
  fetch(`${sandboxes.lapor}/_control/${path}`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  }).then((answer) => answer.json());

async function graphql(query) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${tokens.officer}` };
  const { data, errors } = await fetch(`${url}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) })
    .then((answer) => answer.json());
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

/** Clicks the button of an act, and confirms it. */
async function act(button, fields = {}) {
  await button.click();
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
  await page.locator("main form.rows button.button").last().click();
}

const issue = (title) => page.locator(".cards > li").filter({ hasText: title });
/** Waits until an issue is there, or is gone; the page of today keeps itself up to date. */
async function today(title, state) {
  await page.goto(`${url}/en/console`);
  await issue(title).first().waitFor({ state });
}
const pull = async () => {
  await page.goto(`${url}/en/console/systems/lapor`);
  await act(page.getByRole("button", { name: "Pull now" }).first());
};
const token = () =>
  fetch(`${url}/oauth/token`, {
    method: "POST", headers: { authorization: `Basic ${btoa(leaked)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  }).then((answer) => answer.status);

await page.goto(`${url}/en/console`);
await page.locator("#username").fill(name);
await page.locator("#password").fill(password);
await page.locator("#password").press("Enter");
await page.waitForURL("**/en/console");

// LAPOR is down, and comes back.
await control("fault", { name: "down" });
await pull();
await today("SP4N-LAPOR! does not respond", "attached");
await control("clear", {});
await act(issue("SP4N-LAPOR! does not respond").getByRole("button", { name: "Pull now" }));
await today("SP4N-LAPOR! does not respond", "detached");
seen.cleared = ["down"];

// It refuses a delivery, and then takes it.
await control("fault", { name: "refuse" });
const filter = "{status: [RECEIVED, VERIFIED]}";
const { complaints } = await graphql(`{complaints(first: 50, filter: ${filter}) {nodes {ticket status secret centralReport {id}}}}`);
const { ticket, status } = complaints.nodes.find((each) => !each.secret && !each.centralReport);
if (status === "RECEIVED") await graphql(`mutation {verifyComplaint(input: {ticket: "${ticket}", verdict: VERIFIED}) {__typename}}`);
const { forwardComplaint } = await graphql(
  `mutation {forwardComplaint(input: {ticket: "${ticket}", system: "lapor"}) {__typename ... on UserError {message}}}`,
);
if (forwardComplaint.message) throw new Error(forwardComplaint.message);
await today("to SP4N-LAPOR! is blocked", "attached");
await control("clear", {});
await issue("to SP4N-LAPOR! is blocked").getByRole("link", { name: "Open" }).click();
await act(page.locator(".cards button[value=retry]").first());
await today("to SP4N-LAPOR! is blocked", "detached");
const states = async () => {
  const { complaint } = await graphql(`{complaint(ticket: "${ticket}") {deliveries {state}}}`);
  return complaint.deliveries.map((each) => each.state);
};
while ((seen.states = await states()).includes("SENDING")) await page.waitForTimeout(500);
seen.cleared.push("deliveries");

// A status that the mapping does not know: the item waits, and is discarded once its cause is mended.
const waiting = async () => {
  await page.goto(`${url}/en/console/quarantine?system=lapor`);
  return page.locator("#rows tbody tr").count();
};
const before = await waiting();
await control("fault", { name: "unknown_status", times: 1 });
await page.goto(`${url}/en/console/systems/lapor`);
await act(page.getByRole("button", { name: "Full run" }).first());
while ((await waiting()) <= before) await page.waitForTimeout(500);
await control("clear", {});
for (let left = await waiting(); left > 0; left = await waiting()) {
  await page.locator("#rows input.pick").first().check();
  await act(page.locator("#rows ~ .actions button[value=discard]"));
}
await today("SP4N-LAPOR! is in quarantine", "detached");
seen.cleared.push("quarantine");

// A secret leaks: its end is immediate.
seen.tokens = [await token()];
await page.goto(`${url}/en/console/partners/${leaked.split(":")[0]}`);
await act(page.getByRole("button", { name: "New secret" }), { "Hours for which the old secret still works": "0" });
seen.fresh = (await page.locator("code.code").textContent()).length > 20;
seen.tokens.push(await token());
seen.cleared.push("secret");
await context.close();
console.log(JSON.stringify({ ...seen, hosts: [...seen.hosts] }));
