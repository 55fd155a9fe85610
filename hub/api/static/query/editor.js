// The field of the document: a textarea, with its coloured and underlined text behind it. Tab leaves it, as any field.
import { tokenize } from "./tokens.js";

const WORDS = /^(query|mutation|subscription|fragment|on|true|false|null)$/;
const COLOURS = { string: "text", number: "number", comment: "comment" };

function colour({ kind, value }, before) {
  if (before?.value === "$" || value === "$") return "key";
  return COLOURS[kind] ?? (kind === "name" && WORDS.test(value) ? "word" : "");
}

/** Stretches of text that look the same: `[text, classes]`, in their order. */
function stretches(text, problems) {
  const tokens = tokenize(text);
  const cuts = new Set([0, text.length]);
  for (const { start, end } of [...tokens, ...problems]) cuts.add(start).add(end);
  const [...places] = [...cuts].sort((one, other) => one - other);
  let at = 0;
  return places.slice(0, -1).map((start, index) => {
    while (at < tokens.length && tokens[at].end <= start) at += 1;
    const token = tokens[at]?.start <= start ? tokens[at] : undefined;
    const problem = problems.find((each) => each.start <= start && start < each.end);
    const classes = [token && colour(token, tokens[at - 1]), problem && (problem.mild ? "mild" : "wrong")];
    return [text.slice(start, places[index + 1]), classes.filter(Boolean).join(" ")];
  });
}

export class Editor {
  /** `field` is the textarea, `behind` the element behind it. */
  constructor(field, behind) {
    this.field = field;
    this.behind = behind;
  }

  get text() {
    return this.field.value;
  }

  get caret() {
    return this.field.selectionStart;
  }

  paint(problems) {
    const parts = stretches(this.text, problems).map(([text, classes]) => {
      if (!classes) return text;
      const span = document.createElement("span");
      span.className = classes;
      span.textContent = text;
      return span;
    });
    // An empty last line has no height without something in it.
    this.behind.replaceChildren(...parts, "\n");
  }

  /** Replace a part of the text as if it were typed, so that it can be undone. */
  replace(start, end, text) {
    this.field.focus({ preventScroll: true });
    this.field.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, text)) {
      this.field.setRangeText(text, start, end, "end");
      this.field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  /** Select a part of the text, in the middle of what is seen. */
  select({ start, end }) {
    this.field.focus({ preventScroll: true });
    this.field.setSelectionRange(start, end);
    const frame = this.behind.parentElement;
    frame.scrollTop += this.position(start).top - frame.getBoundingClientRect().top - frame.clientHeight / 2;
  }

  /** Where an offset is on the screen: `left`, `top` and `bottom`. The text behind was painted before. */
  position(offset) {
    const walker = document.createTreeWalker(this.behind, NodeFilter.SHOW_TEXT);
    let left = offset;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (left < node.length) {
        const range = document.createRange();
        range.setStart(node, left);
        range.setEnd(node, left + 1);
        return range.getBoundingClientRect();
      }
      left -= node.length;
    }
    return this.behind.getBoundingClientRect();
  }
}
