// Uses the query page as a front-end developer does, with the whole graph: completes, mends, folds, copies, reads about
// a type, opens tabs and what ran before; with axe-core on a phone and on a desk. Prints what was seen as JSON.
// Arguments: the hub's URL, the browser's path, a folder for its profile, and one for pictures (optional).
import { launch } from "./browser.mjs";
import { SIZES, looker } from "./look.mjs";

const [url, executablePath, profile, pictures] = process.argv.slice(2);
const { context, page, seen } = await launch(executablePath, profile);
await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
const look = looker(page, seen, pictures);
const editor = page.getByLabel("GraphQL document");
const result = page.locator("#result");
const texts = (selector) => page.locator(selector).allTextContents();
const stored = () => page.evaluate(() => JSON.stringify({ ...localStorage }));
const copied = () => page.evaluate(() => navigator.clipboard.readText());
const ran = () => page.waitForFunction(() => document.getElementById("status").textContent.includes("HTTP"));
const offered = () => page.waitForSelector("#suggestions:not([hidden])");

// Bytes that came over the wire until the page rests.
await page.setViewportSize(SIZES.desk);
await page.goto(`${url}/graphql`);
await page.waitForSelector("#types button");
seen.bytes = await page.evaluate(() =>
  performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
    .reduce((sum, each) => sum + each.transferSize, 0));
await page.getByRole("button", { name: "English" }).click();
seen.problems_at_first = await texts("#problems li");
// In a document that is longer than the editor, what is typed and what is wrong is in sight.
const inSight = (selector) => page.evaluate((found) => {
  const [at, frame] = [found, ".editor"].map((each) => document.querySelector(each).getBoundingClientRect());
  return at.top >= frame.top && at.bottom <= frame.bottom;
}, selector);
await editor.fill(`{ systems {\n${"  name\n".repeat(60)} } }`);
await editor.press("Control+Home");
seen.in_sight = [];
await editor.press("Control+End");
await editor.pressSequentially(" wrong");
await page.keyboard.press("Escape");
seen.in_sight.push(await inSight("#behind .wrong"));
await editor.press("Control+Home");
await page.locator("#problems button").first().click();
seen.in_sight.push(await inSight("#behind .wrong"));

// A query is typed: completed by Enter, by a click, and closed by Esc.
await editor.fill("");
await editor.pressSequentially("query Mine($n: Int) { compl");
await offered();
seen.fields = await texts("#suggestions [role=option]");
await page.keyboard.press("Enter");
await editor.pressSequentially("(");
await page.keyboard.press("Control+Space");
await offered();
seen.arguments = await texts("#suggestions [role=option] span");
await page.getByRole("option", { name: /^first/ }).click();
await editor.pressSequentially("$");
await offered();
seen.variables = await texts("#suggestions [role=option] span");
await page.keyboard.press("Enter");
await editor.pressSequentially(", filter: { status: [");
await page.keyboard.press("Control+Space");
await offered();
seen.values = await texts("#suggestions [role=option] span");
await page.keyboard.press("ArrowUp");
seen.last = await page.locator("#suggestions [aria-selected=true]").textContent();
await look("query completing");
await page.setViewportSize(SIZES.desk);
await page.keyboard.press("Escape");
seen.closed = await page.locator("#suggestions").isHidden();
await editor.pressSequentially("] }) { totalCount edges { node { ticket titel } } } }");
await page.keyboard.press("Escape");
seen.unknown = await texts("#problems li");
seen.underlined = await texts("#behind .wrong");
seen.invalid = await editor.getAttribute("aria-invalid");
await look("query wrong");
await page.setViewportSize(SIZES.desk);
await page.locator("#problems button").first().click();
seen.selected = await page.evaluate(() => getSelection().toString());
await page.keyboard.type("title");
await page.keyboard.press("Escape");
seen.mended = await page.locator("#problems").isHidden();
await page.waitForFunction(() => document.getElementById("here").textContent.includes("—"));
seen.here = await page.locator("#here").textContent();

// It runs from the keyboard; Tab leads out of the editor; the answer folds by mouse and by keyboard.
await page.getByLabel("Variables (JSON)").fill('{"n": 2}');
await editor.focus();
await page.keyboard.press("Tab");
seen.left = await page.evaluate(() => document.activeElement.id);
await page.keyboard.press("Control+Enter");
await ran();
seen.status = await page.getByRole("status").textContent();
seen.answer = JSON.parse(await result.textContent());
await page.getByRole("button", { name: "Fold all", exact: true }).click();
seen.open = await result.locator("details[open]").count();
await result.locator("summary").first().focus();
for (const key of ["ArrowDown", "ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
seen.walked = await page.evaluate(() => document.activeElement.textContent);
await look("query answered");
await page.setViewportSize(SIZES.desk);
await page.getByRole("button", { name: "Unfold all", exact: true }).click();
seen.folded = await result.locator("details:not([open])").count();

// curl, with and without a token, which is never in it.
await page.getByLabel("Access token").fill("");
await page.getByRole("button", { name: "Copy as curl" }).click();
await page.waitForFunction(() => document.getElementById("status").textContent.includes("curl"));
seen.curl = await copied();
await page.getByLabel("Access token").fill("hub-secret-token");
await page.getByRole("button", { name: "Copy as curl" }).click();
await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes("TOKEN"));
seen.curl_signed_in = await copied();
await page.getByLabel("Access token").fill("");

// The schema: a search, a type with what its fields need, a field that is inserted.
await page.getByLabel("Search types or fields").fill("complaint");
seen.searched = (await texts("#types li button")).slice(0, 3);
await page.getByRole("button", { name: "Complaint", exact: true }).click();
await page.waitForSelector("#types dd p");
seen.needs = await texts("#types .scope");
await page.getByRole("button", { name: "Agency", exact: true }).click();
seen.opened = await page.locator("#types h3").textContent();
await look("query schema");
await page.setViewportSize(SIZES.desk);

// Another tab; what ran is in the history; nothing that may name a person is kept unless asked for.
await page.getByRole("button", { name: "New tab" }).click();
await page.getByRole("button", { name: "← Search" }).click();
await page.getByLabel("Search types or fields").fill("Query");
await page.getByRole("button", { name: "Query", exact: true }).click();
await page.getByRole("button", { name: "systems", exact: true }).click();
seen.inserted = await editor.inputValue();
await editor.fill("{ systems { name } }");
seen.tabs = await texts("[role=tab]");
await page.getByText("History (").click();
seen.history = await texts("#history button");
seen.stored = await stored();
await page.getByLabel("Keep variables too").check();
await page.getByRole("tab", { name: "Mine" }).click();
await page.keyboard.press("ArrowRight");
seen.by_arrow = await editor.inputValue();
seen.kept = await stored();
await page.reload();
await page.waitForSelector("#types button");
seen.tabs_again = await texts("[role=tab]");
await page.getByText("History (").click();
await page.getByLabel("Keep variables too").uncheck();
seen.forgotten = await stored();
await page.locator("#history button").first().click();
seen.reopened = (await texts("[role=tab]")).length;
await look("query history");
await page.setViewportSize(SIZES.desk);
await page.getByRole("button", { name: "Clear history" }).click();
seen.history_after = await texts("#history button");
for (const each of ["Close tab", "Close tab", "Close tab"]) await page.getByRole("button", { name: each }).click();
seen.tabs_after = (await texts("[role=tab]")).length;

// On a phone nothing is wider than the screen, and a query runs.
await page.setViewportSize(SIZES.phone);
await editor.fill("{ systems { name state } }");
await page.keyboard.press("Escape");
await page.getByRole("button", { name: "Run" }).click();
await ran();
seen.phone = JSON.parse(await result.textContent()).data.systems.length > 0;
await look("query phone");

// Without scripts the page says what to do instead.
const session = await context.newCDPSession(page);
await session.send("Emulation.setScriptExecutionDisabled", { value: true });
await page.goto(`${url}/graphql`);
seen.without_script = await page.locator("main").innerText();
for (const [size, viewport] of Object.entries(SIZES)) {
  await page.setViewportSize(viewport);
  const overflows = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  if (overflows) seen.overflows.push(`without script ${size}`);
  if (pictures) await page.screenshot({ path: `${pictures}/query-without-script-${size}.png` });
}
await context.close();
console.log(JSON.stringify({ ...seen, hosts: [...seen.hosts] }));
