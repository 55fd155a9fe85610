// The list of operations that ran in this browser, last one first.
import { make } from "./dom.js";
import { title } from "./tabs.js";

export class History {
  /** `open(operation)` is called for one that a person picks. */
  constructor(list, count, kept, open) {
    Object.assign(this, { list, count, kept, open });
    this.draw();
  }

  ran(operation) {
    this.kept.ran(operation, new Date().toISOString());
    this.draw();
  }

  clear() {
    this.kept.clear();
    this.draw();
  }

  draw() {
    const found = this.kept.history;
    this.count.textContent = String(found.length);
    this.list.replaceChildren(
      ...found.map(({ query, variables, at }) => {
        const shown = make(
          "button",
          { type: "button", class: "link", onclick: () => this.open({ query, variables: variables ?? "" }) },
          title(query),
        );
        const when = new Date(at);
        const time = Number.isNaN(when.getTime()) ? "" : when.toLocaleString(document.documentElement.lang);
        return make("li", {}, shown, " ", make("time", { datetime: at }, time));
      }),
    );
  }
}
