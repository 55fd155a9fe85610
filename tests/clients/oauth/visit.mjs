// A browser without scripts: keeps cookies, follows redirects, fills in the hub's sign-in and consent pages.
// As a program (arguments: name, password, URL) it goes where it is sent in the end, and prints where that was.
import { pathToFileURL } from "node:url";

const MOST = 12;
const ENTITIES = { amp: "&", quot: '"', lt: "<", gt: ">", "#x27": "'", "#39": "'" };
const plain = (html) => html.replace(/&(#?\w+);/g, (whole, name) => ENTITIES[name] ?? whole);

export class Browser {
  #cookies = new Map();
  // What the person answers on the consent page: "allow" or "deny".
  answer = "allow";
  // Titles of the pages that were filled in.
  pages = [];

  constructor(officer) {
    this.officer = officer;
  }

  // Where the hub sends the browser in the end, as a URL elsewhere. Throws what the last page says if it does not.
  async visit(asked) {
    const { origin } = new URL(asked);
    let response = await this.#fetch(asked);
    for (let n = 0; n < MOST; n += 1) {
      const to = response.headers.get("location");
      const next = to && new URL(to, response.url);
      if (next && next.origin !== origin) return next;
      if (!next && !response.ok) throw new Error(`${response.status} ${plain(await response.text())}`);
      response = next ? await this.#fetch(next) : await this.#submit(response.url, await response.text());
    }
    throw new Error(`Sent around ${MOST} times.`);
  }

  #submit(url, html) {
    this.pages.push(/<title>(.*?)<\/title>/.exec(html)[1]);
    const form = /<form[^>]* action="([^"]*)"[^]*?<\/form>/.exec(html);
    const fields = [...form[0].matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
    const body = new URLSearchParams(fields.map(([, name, value]) => [name, plain(value)]));
    const asksForName = form[0].includes('name="username"');
    const filled = asksForName ? { username: this.officer.name, password: this.officer.password } : { answer: this.answer };
    for (const [name, value] of Object.entries(filled)) body.set(name, value);
    return this.#fetch(new URL(plain(form[1]), url), { method: "POST", body });
  }

  async #fetch(url, options = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie }, ...options });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(set);
      this.#cookies.set(name, value);
    }
    return response;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [name, password, url] = process.argv.slice(2);
  const end = await new Browser({ name, password }).visit(url);
  // Browsers do not mind whether somebody listens there.
  await fetch(end).catch(() => {});
  console.log(end.href);
}
