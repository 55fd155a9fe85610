// The tabs: several documents at a time, kept in the browser.
import { make } from "./dom.js";

const LONGEST = 24;

/** What an operation is called: its name, or its first field. */
export function title(query) {
  const text = query.replace(/#[^\n]*/g, " ");
  const found = text.match(/\b(?:query|mutation|subscription|fragment)\s+(\w+)/) ?? text.match(/\{\s*(\w+)/);
  return (found?.[1] ?? "…").slice(0, LONGEST);
}

export class Tabs {
  /** `list` is the tablist, `panel` what its tabs show; `show(tab)` is called when another tab is selected. */
  constructor(list, panel, kept, show) {
    Object.assign(this, { list, panel, kept, show, selected: 0, tabs: [] });
    list.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("click", (event) => {
      const index = [...list.children].indexOf(event.target.closest("[role=tab]"));
      if (index >= 0) this.select(index);
    });
  }

  get current() {
    return this.tabs[this.selected];
  }

  /** Begin with the tabs that were kept, or with `first`. */
  start(first) {
    const kept = this.kept.tabs;
    this.tabs = kept.length ? kept.map(({ query, variables }) => ({ query, variables: variables ?? "" })) : [first];
    this.select(0);
  }

  add(tab) {
    this.tabs.push(tab);
    this.select(this.tabs.length - 1);
  }

  /** Close the selected tab; the last one is emptied. */
  close() {
    this.tabs.splice(this.selected, 1);
    if (!this.tabs.length) this.tabs.push({ query: "", variables: "" });
    this.select(Math.min(this.selected, this.tabs.length - 1));
  }

  select(index) {
    this.selected = index;
    this.show(this.current);
    this.draw();
    this.keep();
  }

  change(values) {
    const before = title(this.current.query);
    Object.assign(this.current, values);
    if (title(this.current.query) !== before) this.draw();
    this.keep();
  }

  keep() {
    this.kept.tabs = this.tabs;
  }

  draw() {
    const focused = this.list.contains(document.activeElement);
    this.list.replaceChildren(
      ...this.tabs.map(({ query }, index) => {
        const chosen = index === this.selected;
        const attributes = { type: "button", role: "tab", id: `tab-${index}`, "aria-controls": this.panel.id };
        return make(
          "button",
          { ...attributes, "aria-selected": String(chosen), tabindex: chosen ? 0 : -1 },
          title(query),
        );
      }),
    );
    this.panel.setAttribute("aria-labelledby", `tab-${this.selected}`);
    if (focused) this.list.children[this.selected].focus();
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const to = step ? this.selected + step + this.tabs.length : { Home: 0, End: this.tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.select(to % this.tabs.length);
  }
}
