// Walks through the console in a real browser as an officer does: signs in, looks at each page in both languages with
// axe-core, retries what failed, and signs out. Prints what was seen as one line of JSON.
// Arguments: the hub's URL, the browser's path, a folder for its profile, and one for pictures (optional).
// The officer is in HUB_TEST_OFFICER as name:password.
import { launch } from "./browser.mjs";
import { SIZES, looker } from "./look.mjs";

const [url, executablePath, profile, pictures] = process.argv.slice(2);
const [name, password] = process.env.HUB_TEST_OFFICER.split(":");
const { context, page, seen } = await launch(executablePath, profile, { bypassCSP: false });
const look = looker(page, seen, pictures);
seen.sizes = {};

await page.goto(`${url}/console/pengiriman?state=BLOCKED`);
seen.login = new URL(page.url()).pathname;
await page.locator("#username").fill(name);
await page.locator("#password").fill(password);
await page.locator("#password").press("Enter");
await page.waitForURL("**/console/**");
seen.arrived = new URL(page.url()).pathname + new URL(page.url()).search;

for (const start of ["/console", "/en/console"]) {
  await page.goto(`${url}${start}`);
  const links = await page.locator("header nav a").evaluateAll((all) => all.map((each) => each.getAttribute("href")));
  links.push(...(await page.locator(".extra a").evaluateAll((all) => all.map((each) => each.getAttribute("href")))));
  for (const address of links) {
    const response = await page.goto(`${url}${address}`);
    seen.sizes[address] = (await response.body()).length;
    const language = address.startsWith("/en") ? "en" : "id";
    await look(`${language} ${address.replace("/en", "").slice(1).replaceAll("/", "-")}`);
    const own = page.locator("tbody th a").first();
    if ((await own.count()) && language === "en") {
      await own.click();
      seen.sizes[new URL(page.url()).pathname] = (await page.content()).length;
      await look(`${language} ${address.replace("/en", "").slice(1).replaceAll("/", "-")}-one`);
    }
  }
}

// What failed is retried by its group, on a phone.
await page.setViewportSize(SIZES.phone);
await page.goto(`${url}/en/console/deliveries`);
const retry = page.locator(".cards button[value=retry]").first();
if (await retry.count()) {
  await retry.click();
  await look("en console-confirm");
  await page.setViewportSize(SIZES.phone);
  seen.asked = await page.locator("h1").textContent();
  await page.locator("main button[value], main form button").last().click();
  await page.waitForSelector("[role=status]");
  seen.done = await page.getByRole("status").textContent();
}
// By keys, which do nothing while one types.
await page.setViewportSize(SIZES.desk);
await page.goto(`${url}/en/console`);
await page.keyboard.press("?");
seen.keys = await page.locator("#keys").isVisible();
await look("en console-keys");
await page.keyboard.press("Escape");
await page.keyboard.press("/");
await page.waitForURL("**/en/console/matter**");
await page.keyboard.type("gs/?");
seen.typed = await page.locator("#number").inputValue();
await page.locator("h1").click();
await page.keyboard.press("g");
await page.keyboard.press("s");
await page.waitForURL("**/en/console/systems");

// What changes is shown after a while, unless the page is hidden or in use. The clock of the page is the test's.
await page.clock.install();
await page.goto(`${url}/en/console`);
let loads = 0;
await page.route("**/en/console", async (route) => {
  loads += 1;
  const response = await route.fetch();
  await route.fulfill({ response, body: (await response.text()).replace(/(id="badge"[^>]*>).*?(<\/a>)/s, "$1 77 now</span>$2") });
});
await page.clock.fastForward(16_000);
await page.getByText("77 now").waitFor();
seen.live = loads;
await page.unroute("**/en/console");

// A form without a choice says so, and the error leads to the rows.
await page.goto(`${url}/en/console/systems`);
await page.getByRole("button", { name: "Pause" }).click();
seen.errors = await page.locator(".errors a").allTextContents();
await look("en console-errors");
await page.getByRole("button", { name: "Sign out" }).click();
await page.goto(`${url}/en/console`);
seen.after = new URL(page.url()).pathname;
await context.close();
console.log(JSON.stringify({ ...seen, hosts: [...seen.hosts] }));
