// Looks at the public pages in a real browser: in both languages, light and dark, on a phone and on a desk, with axe-core.
// Submits a complaint as a person does, and follows it. Prints what was seen as one line of JSON.
// Arguments: the hub's URL, the browser's path, a folder for its profile, and one for pictures (optional).
import { launch } from "./browser.mjs";
import { SIZES, looker } from "./look.mjs";

const [url, executablePath, profile, pictures] = process.argv.slice(2);
const { context, page, seen } = await launch(executablePath, profile, { bypassCSP: false });
const PAGES = {
  id: ["/", "/instansi", "/instansi/DISHUB", "/wilayah/33.74", "/sistem", "/pengadaan", "/data", "/lacak", "/lapor",
    "/skema", "/skema/Complaint"],
  en: ["/en", "/en/agencies", "/en/agencies/DISHUB", "/en/areas/33.74", "/en/systems", "/en/procurement", "/en/data",
    "/en/follow", "/en/report", "/en/schema", "/en/schema/Mutation"],
};
const look = looker(page, seen, pictures);
seen.sizes = {};

for (const [language, addresses] of Object.entries(PAGES)) {
  for (const address of addresses) {
    const response = await page.goto(`${url}${address}`);
    const name = `${language} ${address.replace("/en", "").replaceAll("/", "-").replace(/^-/, "") || "home"}`;
    seen.sizes[address] = (await response.body()).length;
    await look(name);
  }
}

// By keyboard alone: the first stop of a page leads past the navigation.
await page.goto(`${url}/`);
await page.keyboard.press("Tab");
await page.keyboard.press("Enter");
seen.skipped = await page.evaluate(() => document.activeElement.id);
await page.getByText("Angka sebagai tabel").first().click();
seen.table = await page.locator("#months table tbody tr").count();

// A citizen, on a phone.
await page.setViewportSize(SIZES.phone);
await page.getByRole("link", { name: "Sampaikan aduan" }).first().click();
await page.getByRole("button", { name: "Lanjut" }).click();
seen.errors = await page.locator(".errors a").allTextContents();
await look("id submit-errors");
await page.setViewportSize(SIZES.phone);
await page.locator(".errors a").first().click();
seen.focus = await page.evaluate(() => document.activeElement.id);
await page.getByLabel("Ada yang tidak beres").check();
await page.getByLabel("Topik").selectOption({ label: "Angkutan umum" });
await page.getByLabel("Kabupaten atau kota").selectOption({ label: "Kota Semarang" });
await page.getByLabel("Judul").fill("Bus koridor 7 tidak berhenti");
await page.getByLabel("Apa yang terjadi?").fill("Bus melewati halte tanpa berhenti, pagi ini pukul tujuh.");
await page.getByRole("button", { name: "Lanjut" }).click();
await look("id submit-person");
await page.getByLabel("Saya sebut nama saya").check();
await page.getByLabel("Nama", { exact: true }).fill("Uji Warga");
await page.getByLabel("Judul dan statusnya boleh dilihat umum").check();
await page.getByRole("button", { name: "Kirim aduan" }).click();
await page.waitForSelector("#ticket");
const [ticket, code] = [await page.locator("#ticket").textContent(), await page.locator("#code").textContent()];
await look("id submitted");
await page.getByRole("link", { name: "Lacak aduan" }).first().click();
seen.prefilled = (await page.getByLabel("Nomor tiket").inputValue()) === ticket;
await page.getByLabel("Kode pelacakan").fill("AAAA-BBBB-CCCC-DDDD-EEEE");
await page.getByRole("button", { name: "Tampilkan aduan" }).click();
seen.refused = await page.locator(".errors a").allTextContents();
await page.getByLabel("Kode pelacakan").fill(code);
await page.getByRole("button", { name: "Tampilkan aduan" }).click();
seen.status = await page.locator(".status").first().textContent();
seen.address = new URL(page.url()).pathname + new URL(page.url()).search;
await look("id followed");
await page.getByText("Balas atau tambahkan keterangan").click();
await page.getByLabel("Pesan Anda").fill("Kejadiannya di halte Simpang Lima.");
await page.getByRole("button", { name: "Kirim pesan" }).click();
seen.replied = await page.getByRole("status").textContent();
seen.steps = await page.locator(".timeline strong").allTextContents();
await context.close();
console.log(JSON.stringify({ ...seen, hosts: [...seen.hosts] }));
