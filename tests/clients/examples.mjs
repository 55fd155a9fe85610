// Runs every example of the query page in a real browser, with the token the page fills in; prints one line of JSON.
// Arguments: the hub's URL, the browser's path, a folder for its profile.
import { launch } from "./browser.mjs";

const [url, executablePath, profile] = process.argv.slice(2);
const { context, page, seen } = await launch(executablePath, profile);
await page.goto(`${url}/graphql`);
seen.token = await page.getByLabel("Token akses").inputValue();
seen.answers = [];
for (const [index, title] of (await page.getByLabel("Contoh").locator("option").allTextContents()).entries()) {
  await page.getByLabel("Contoh").selectOption(String(index));
  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  await page.getByRole("button", { name: "Jalankan" }).click();
  await answered;
  await page.waitForFunction(() => document.getElementById("status").textContent.includes("HTTP"));
  seen.answers.push({
    title,
    status: await page.getByRole("status").textContent(),
    body: JSON.parse(await page.locator("#result").textContent()),
  });
  await page.reload();
}
await context.close();
console.log(JSON.stringify({ ...seen, hosts: [...seen.hosts] }));
