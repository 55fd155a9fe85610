// The answer as JSON whose objects and arrays fold. It is made of text nodes, never of HTML: people wrote it.
import { make } from "./dom.js";

// Each value makes elements, so a long answer is shown plain.
const FOLDED = 200_000;

const kind = (value) => (typeof value === "string" ? "text" : typeof value === "number" ? "number" : "word");

function label(key) {
  return key === undefined ? [] : [make("span", { class: "key" }, JSON.stringify(key)), ": "];
}

function node(key, value, comma) {
  if (value === null || typeof value !== "object") {
    return make("div", {}, ...label(key), make("span", { class: kind(value) }, JSON.stringify(value)), comma);
  }
  const list = Array.isArray(value);
  const entries = list ? value.map((each) => [undefined, each]) : Object.entries(value);
  const [open, close] = list ? "[]" : "{}";
  if (!entries.length) return make("div", {}, ...label(key), open + close + comma);
  const summary = make(
    "summary",
    { tabindex: -1, "data-folded": `… ${entries.length} ${close}${comma}` },
    ...label(key),
    open,
  );
  const items = entries.map(([name, each], index) => node(name, each, index < entries.length - 1 ? "," : ""));
  return make(
    "details",
    { open: true },
    summary,
    make("div", { class: "inside" }, ...items),
    make("div", {}, close + comma),
  );
}

export class Response {
  constructor(place) {
    this.place = place;
    place.addEventListener("keydown", (event) => this.key(event));
  }

  /** Show an answer: what JSON can tell, or a text. */
  show(answer) {
    const text = typeof answer === "string" ? answer : JSON.stringify(answer, null, 2);
    this.text = text;
    const plain = typeof answer === "string" || text.length > FOLDED;
    this.place.replaceChildren(plain ? make("div", { class: "plain" }, text) : node(undefined, answer, ""));
    // One stop for Tab; the arrows go on from there.
    this.place.querySelector("summary")?.setAttribute("tabindex", 0);
  }

  fold(folded) {
    const [outermost, ...all] = this.place.querySelectorAll("details");
    for (const each of all) each.open = !folded;
    if (outermost) outermost.open = true;
  }

  get visible() {
    return [...this.place.querySelectorAll("summary")].filter((each) => each.checkVisibility());
  }

  key(event) {
    const { target } = event;
    if (target.tagName !== "SUMMARY") return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.focus(this.visible[this.visible.indexOf(target) + step]);
    else if (event.key === "ArrowLeft") target.parentElement.open = false;
    else if (event.key === "ArrowRight") target.parentElement.open = true;
    else return;
    event.preventDefault();
  }

  focus(summary) {
    if (!summary) return;
    for (const each of this.place.querySelectorAll("summary[tabindex='0']")) each.tabIndex = -1;
    summary.tabIndex = 0;
    summary.focus();
  }
}
