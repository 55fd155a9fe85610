// Uses the query page as a person would, in a real browser; prints what was seen as one line of JSON.
// Arguments: the hub's URL, the browser's path, a folder for its profile, and for pictures (optional).
import { launch } from "./browser.mjs";

const [url, executablePath, profile, pictures] = process.argv.slice(2);
const { context, page, seen } = await launch(executablePath, profile);
const picture = (name) => pictures && page.screenshot({ path: `${pictures}/${name}.png` });
const status = page.getByRole("status");
const settled = () => page.waitForFunction(() => /HTTP|dihubungi|reached|bukan|not JSON/.test(document.getElementById("status").textContent));

await page.goto(`${url}/graphql`);
seen.examples = await page.getByLabel("Contoh").locator("option").allTextContents();
seen.first = await page.getByLabel("Dokumen GraphQL").inputValue();
await page.getByLabel("Contoh").selectOption("1");
seen.variables = await page.getByLabel("Variabel (JSON)").inputValue();
seen.token = await page.getByLabel("Token akses").inputValue();

await page.getByLabel("Dokumen GraphQL").fill('query ($n: Int) { complaints(first: $n) { totalCount edges { node { id title } } } }');
await page.getByLabel("Variabel (JSON)").fill('{"n": 3}');
await page.keyboard.press("Control+Enter");
await settled();
seen.status = await status.textContent();
seen.result = JSON.parse(await page.locator("#result").textContent());
seen.coloured = await page.locator("#result .key").count();
await picture("light");

await page.getByRole("button", { name: "English" }).click();
seen.english = await page.getByRole("button", { name: "Run" }).textContent();
seen.language = await page.locator("html").getAttribute("lang");
seen.status_english = await status.textContent();
await page.emulateMedia({ colorScheme: "dark" });
await picture("dark");

await page.getByLabel("Variables (JSON)").fill("{");
await page.getByRole("button", { name: "Run" }).press("Enter");
seen.wrong_variables = await status.textContent();
seen.focus = await page.evaluate(() => document.activeElement.id);

await page.getByLabel("Variables (JSON)").fill("");
await page.getByLabel("GraphQL document").fill("{ title");
await page.getByRole("button", { name: "Run" }).press("Enter");
await page.waitForFunction(() => document.getElementById("status").textContent.includes("HTTP 400"));
seen.wrong_document = JSON.parse(await page.locator("#result").textContent()).errors[0].extensions.code;

// By keyboard alone, every control is reached in the order it is read.
await page.reload();
await page.keyboard.press("Tab");
seen.tabs = [];
for (let n = 0; n < 15; n += 1) {
  seen.tabs.push(await page.evaluate(() => document.activeElement.id || document.activeElement.className));
  await page.keyboard.press("Tab");
}
await page.setViewportSize({ width: 390, height: 844 });
seen.overflow = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
await picture("narrow");

await page.setViewportSize({ width: 1280, height: 800 });
await page.goto(`${url}/`);
seen.systems = await page.locator("tbody th").allTextContents();
await picture("home");
await context.close();
console.log(JSON.stringify({ ...seen, hosts: [...seen.hosts] }));
