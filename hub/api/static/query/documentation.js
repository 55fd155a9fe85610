// What the hub tells of a type: its names at once, its descriptions when somebody looks at it.
import { both, make, speak } from "./dom.js";
import { BUILT_IN, named, Schema } from "./schema.js";

const described = new Map();

/** The schema; nothing where the hub does not show it (introspection is off). */
export async function loadSchema() {
  const address = document.body.dataset.schema;
  const response = address ? await fetch(address) : null;
  return response?.ok ? new Schema(await response.json()) : null;
}

/** A type with its descriptions, or nothing if there are none or they cannot be had now. */
export function describe(name) {
  if (BUILT_IN.includes(name) || name.startsWith("__")) return null;
  const fetched = async () => {
    const response = await fetch(`/schema/${name}.json`);
    return response.ok ? response.json() : null;
  };
  if (!described.has(name))
    described.set(
      name,
      fetched().catch(() => (described.delete(name), null)),
    );
  return described.get(name);
}

/** What a field needs and costs, and that it is deprecated. */
export function notes({ scopes, cost, deprecated }) {
  const found = [];
  if (scopes) {
    const needed = scopes.map((each) => each.join(" + "));
    found.push(both("span", `perlu ${needed.join(" atau ")}`, `needs ${needed.join(" or ")}`, { class: "note scope" }));
  }
  if (cost) found.push(both("span", `biaya ${cost}`, `cost ${cost}`, { class: "note" }));
  if (deprecated) found.push(both("span", `usang: ${deprecated}`, `deprecated: ${deprecated}`, { class: "note old" }));
  return found;
}

/** Shows what stands at the cursor, from the places of the document. */
export class Here {
  /** `openType(name)` is called when a person follows a type. */
  constructor(target, openType) {
    Object.assign(this, { target, openType, shown: null });
  }

  async show(place) {
    const { owner, entry, type } = subject(place);
    const name = entry && owner ? `${owner}.${entry.name}` : (type ?? "");
    if (name === this.shown) return;
    this.shown = name;
    if (!name) {
      speak(
        this.target,
        "Letakkan kursor pada sebuah nama untuk melihat uraiannya.",
        "Put the cursor on a name to read about it.",
      );
      return;
    }
    this.draw(name, entry, type, "");
    const whole = await describe(owner ?? type);
    if (this.shown !== name || !whole) return;
    this.draw(name, entry, type, (entry ? found(whole, place, entry.name) : whole)?.description ?? "");
  }

  draw(name, entry, type, description) {
    delete this.target.dataset.id;
    delete this.target.dataset.en;
    const of = entry?.type ?? type;
    const link = make("button", { type: "button", class: "link", onclick: () => this.openType(named(of)) }, of ?? "");
    const parts = entry ? [make("code", {}, name), entry.type ? ": " : "", entry.type ? link : ""] : [link];
    const text = description && make("span", { lang: "en" }, ` — ${description}`);
    this.target.replaceChildren(...parts, text, " ", ...(entry ? notes(entry) : []));
  }
}

function found(whole, place, name) {
  const field = place.role === "argument" ? whole.entries?.find((each) => each.name === place.owner?.name) : whole;
  return (field?.arguments ?? whole.entries)?.find((each) => each.name === name);
}

/** The entry at a place with the name of the type that it belongs to, or a type. */
function subject(place) {
  if (!place) return {};
  const { role, entry, parent, owner, type } = place;
  if (role === "field") return { owner: parent?.name, entry };
  if (role === "argument") return { owner: place.on, entry };
  if (role === "inputField") return { owner: owner?.name, entry };
  return type ? { type: named(type) } : {};
}
