// The schema beside the editor: a search over types and fields, and one type at a time.
import { describe, notes } from "./documentation.js";
import { both, make } from "./dom.js";
import { BUILT_IN, named } from "./schema.js";

const FOUND = 40;

export class Reference {
  /** `insert(name)` is called for a field that a person picks; `place` has the search and what it finds. */
  constructor(place, search, insert) {
    Object.assign(this, { place, search, insert, schema: null });
    search.addEventListener("input", () => this.list());
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
      else if (event.key === "Enter") this.place.querySelector("button")?.click();
      else return;
      event.preventDefault();
    });
  }

  begin(schema) {
    this.schema = schema;
    this.clear();
  }

  clear() {
    this.search.value = "";
    this.list();
  }

  type(name, shown = name) {
    if (!this.schema?.type(named(name))) return make("code", {}, shown);
    return make("button", { type: "button", class: "link", onclick: () => this.open(named(name)) }, shown);
  }

  /** The types and fields that have the word, or the types where one begins. */
  list() {
    if (!this.schema) return;
    const word = this.search.value.trim().toLowerCase();
    const has = (name) => name.toLowerCase().includes(word);
    const rank = ([, shown]) => (shown.toLowerCase() === word ? 0 : shown.toLowerCase().startsWith(word) ? 1 : 2);
    const types = [...this.schema.types.values()].filter(({ name, kind }) => (word ? has(name) : kind === "roots"));
    const fields = !word
      ? []
      : [...this.schema.types.values()].flatMap(({ name, entries }) =>
          entries.filter((each) => has(each.name)).map((each) => [name, `${name}.${each.name}`]),
        );
    const rows = [...types.map(({ name }) => [name, name]), ...fields];
    if (word) rows.sort((one, other) => rank(one) - rank(other));
    const hint =
      rows.length > FOUND
        ? both("p", `${FOUND} dari ${rows.length} temuan.`, `${FOUND} of ${rows.length} found.`)
        : both("p", `${rows.length} temuan.`, `${rows.length} found.`);
    const list = make("ul", {}, ...rows.slice(0, FOUND).map(([name, shown]) => make("li", {}, this.type(name, shown))));
    this.place.replaceChildren(...(word ? [hint] : []), list);
  }

  /** Show a type, at once with its names, then with its descriptions. */
  async open(name) {
    const known = this.schema?.type(name);
    if (!known) return;
    this.shown = name;
    this.draw(known);
    this.place.querySelector("h3").focus();
    const whole = await describe(name);
    if (whole && this.shown === name && this.place.querySelector("h3")) this.draw({ ...known, ...whole });
  }

  draw(type) {
    const focused = this.place.contains(document.activeElement) && document.activeElement.tagName === "H3";
    const back = both("button", "← Pencarian", "← Search", {
      type: "button",
      class: "link",
      onclick: () => this.back(),
    });
    const heading = make("h3", { tabindex: -1 }, make("code", {}, type.name));
    const address = document.documentElement.lang === "en" ? "/en/schema" : "/skema";
    const more = both("a", "Halaman tipe ini", "Page of this type", { href: `${address}/${type.name}` });
    this.place.replaceChildren(
      make("p", {}, back),
      heading,
      ...(type.description ? [make("p", { lang: "en" }, type.description)] : []),
      ...(type.members?.length ? [make("p", {}, ...type.members.flatMap((each) => [this.type(each), " "]))] : []),
      make("dl", {}, ...(type.entries ?? []).flatMap((each) => this.entry(type, each))),
      ...(BUILT_IN.includes(type.name) ? [] : [make("p", {}, more)]),
    );
    if (focused) heading.focus();
  }

  back() {
    this.shown = "";
    this.list();
    this.search.focus();
  }

  entry(type, each) {
    const pick = () => this.insert(each.name);
    const name = make("button", { type: "button", class: "link name", onclick: pick }, each.name);
    const given = (each.arguments ?? []).map((one) =>
      make("li", {}, make("code", {}, `${one.name}: `), this.type(one.type), one.default ? ` = ${one.default}` : ""),
    );
    const text = each.description ? [make("p", { lang: "en" }, each.description)] : [];
    const more = [...text, ...notes(each), ...(given.length ? [make("ul", {}, ...given)] : [])];
    return [make("dt", {}, name, ...(each.type ? [": ", this.type(each.type)] : [])), make("dd", {}, ...more)];
  }
}
