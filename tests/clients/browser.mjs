// A real browser with a page in it, which keeps what it complained of and whom it asked.
import { chromium } from "playwright-core";

const args = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** Indonesian, 1280 by 800. `seen` has `complaints` (of the console) and `hosts` (a set). */
export async function launch(executablePath, profile) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath, args, headless: true, viewport: { width: 1280, height: 800 }, locale: "id-ID",
  });
  const page = await context.newPage();
  const seen = { complaints: [], hosts: new Set() };
  page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("request", (request) => seen.hosts.add(new URL(request.url()).host));
  return { context, page, seen };
}
