// Looks at the page that is open: light and dark, on a phone and on a desk, with axe-core, and takes pictures.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1440, height: 900 } };

/** Adds `violations` and `overflows` to `seen`; `pictures` is a folder, or nothing. Returns what looks at a page. */
export function looker(page, seen, pictures) {
  seen.violations = [];
  seen.overflows = [];
  return async function look(name) {
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        const place = `${name} ${size} ${scheme}`;
        // A script of the driver's own world: the policy of the page lets no other in.
        const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
        for (const each of found.violations) {
          const nodes = each.nodes.map((node) => node.html.slice(0, 120)).slice(0, 2).join(" | ");
          seen.violations.push(`${place}: ${each.id}: ${nodes}`);
        }
        if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) seen.overflows.push(place);
        if (pictures) await page.screenshot({ path: `${pictures}/${place.replaceAll(" ", "-")}.png`, fullPage: true });
      }
    }
    await page.emulateMedia({ colorScheme: "light" });
  };
}
