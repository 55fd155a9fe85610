// Signs in, consents and takes consent back as a person with a keyboard does, in a real browser, in both languages.
// Arguments: the hub's URL, the authorization request's URL, the name, the password, the browser's path, a folder
// for its profile, and one for pictures (optional). Prints what was seen as one line of JSON.
import { chromium } from "playwright-core";

const [url, asked, name, password, executablePath, profile, pictures] = process.argv.slice(2);
const args = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const context = await chromium.launchPersistentContext(profile, {
  executablePath, args, headless: true, viewport: { width: 1000, height: 800 }, locale: "id-ID",
});
const page = await context.newPage();
const seen = { complaints: [], hosts: new Set(), titles: [], languages: [], tabs: [] };
page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
page.on("pageerror", (error) => seen.complaints.push(String(error)));
page.on("request", (request) => seen.hosts.add(new URL(request.url()).host));
const picture = (title) => pictures && page.screenshot({ path: `${pictures}/${title}.png`, fullPage: true });
const note = async () => {
  seen.titles.push(await page.title());
  seen.languages.push(await page.locator("html").getAttribute("lang"));
};
const focused = () => page.evaluate(() => {
  const on = document.activeElement;
  return on.id || on.value || on.textContent.trim();
});
const press = async (...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};
const walk = async (wanted) => {
  const way = [];
  for (let n = 0; n < 20; n += 1) {
    await page.keyboard.press("Tab");
    way.push(await focused());
    if (way.at(-1) === wanted) return way;
  }
  throw new Error(`${wanted} is not reached by keyboard: ${way}`);
};
const sent = (key) => Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);

await page.goto(asked);
await note();
await picture("login");
seen.tabs.push(await walk("username"));
await page.keyboard.type(name);
await page.keyboard.press("Tab");
await page.keyboard.type("not the password");
await sent("Enter");
await note();
seen.problem = await page.getByRole("alert").textContent();
seen.problem_focus = await focused();
seen.described = await page.evaluate(() => {
  const field = document.getElementById("username");
  return [field.getAttribute("aria-invalid"), Boolean(document.getElementById(field.getAttribute("aria-describedby")))];
});
await picture("login-problem");
// The link of the summary leads to the field.
await press("Tab");
await page.keyboard.press("Enter");
seen.to_field = await focused();
await page.keyboard.press("Tab");
await page.keyboard.type(password);
await sent("Enter");
await note();
await picture("consent");
await page.getByRole("link", { name: "English" }).focus();
await sent("Enter");
await note();
seen.scopes = await page.getByRole("listitem").allTextContents();
await page.emulateMedia({ colorScheme: "dark" });
await page.setViewportSize({ width: 390, height: 844 });
await picture("consent-narrow");
seen.overflow = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
seen.tabs.push(await walk("allow"));
await sent("Enter");
seen.answer = page.url();

// Consent is remembered: the client has its answer without a page in between.
await page.goto(asked);
seen.again = page.url();

await page.goto(`${url}/oauth/account`);
await note();
await picture("account");
await walk("revoke");
await sent("Enter");
seen.revoked = await page.getByRole("status").textContent();
await walk("sign-out");
await sent("Enter");
await note();
seen.names = await page.evaluate(() =>
  [...document.querySelectorAll("input:not([type=hidden])")].map((field) => field.labels[0]?.textContent));
await context.close();
console.log(JSON.stringify({ ...seen, hosts: [...seen.hosts] }));
