// What the browser keeps between visits: the tabs and the history, never the token. Variables may hold what identifies
// a person, so they are kept only where the user says so.
const HISTORY = 50;

/** `storage` is a `Storage`, which may refuse to keep anything. */
export class Kept {
  constructor(storage) {
    this.storage = storage;
  }

  read(name, fallback) {
    try {
      return JSON.parse(this.storage.getItem(`query.${name}`)) ?? fallback;
    } catch {
      return fallback;
    }
  }

  write(name, value) {
    try {
      this.storage.setItem(`query.${name}`, JSON.stringify(value));
    } catch {
      // Full, or forbidden: the page works as before, and keeps nothing.
    }
  }

  get keepsVariables() {
    return this.read("variables", false) === true;
  }

  set keepsVariables(kept) {
    this.write("variables", kept);
    if (kept) return;
    this.write(
      "tabs",
      this.tabs.map(({ query }) => ({ query })),
    );
    this.write(
      "history",
      this.history.map(({ variables, ...each }) => each),
    );
  }

  /** Tabs and operations as they were kept, without what is not of their shape. */
  get tabs() {
    return this.list("tabs");
  }

  set tabs(tabs) {
    this.write(
      "tabs",
      tabs.map((each) => this.shown(each)),
    );
  }

  get history() {
    return this.list("history");
  }

  list(name) {
    const found = this.read(name, []);
    return Array.isArray(found) ? found.filter((each) => typeof each?.query === "string") : [];
  }

  shown({ query, variables }) {
    return this.keepsVariables ? { query, variables } : { query };
  }

  /** Put an operation that ran first in the history; one that is there already moves. */
  ran(operation, at) {
    const entry = { ...this.shown(operation), at };
    const others = this.history.filter((each) => each.query !== entry.query || each.variables !== entry.variables);
    this.write("history", [entry, ...others].slice(0, HISTORY));
  }

  clear() {
    this.write("history", []);
  }
}
