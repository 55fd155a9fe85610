// The list of suggestions below the cursor: it opens while a name is typed and by Ctrl+Space, and Esc closes it.
import { complete } from "./complete.js";
import { make, speak } from "./dom.js";

const SHOWN = 60;

export class Completion {
  /** `list` is the listbox, `said` a live region; `schema()` returns the schema, or nothing before it has come. */
  constructor(editor, list, said, schema) {
    Object.assign(this, { editor, list, said, schema, items: [], selected: -1 });
    editor.field.addEventListener("keydown", (event) => this.key(event));
    editor.field.addEventListener("input", (event) => this.typed(event));
    for (const name of ["blur", "click"]) editor.field.addEventListener(name, () => this.close());
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => this.take(Number(event.target.closest("[role=option]")?.dataset.index)));
    addEventListener("scroll", (event) => event.target !== list && this.close(), true);
    addEventListener("resize", () => this.open && this.place());
  }

  get open() {
    return !this.list.hidden;
  }

  typed(event) {
    const before = this.editor.text.slice(0, this.editor.caret);
    const naming = event.inputType === "insertText" && /[_A-Za-z]\w*$|\$$/.test(before);
    if (naming || (this.open && /\w$/.test(before))) this.suggest(false);
    else this.close();
  }

  /** `asked` is whether a person wants the list, so that it shows what is typed already, too. */
  suggest(asked) {
    const schema = this.schema();
    if (!schema) return;
    const { text, caret } = this.editor;
    const { start, end, items } = complete(text, caret, schema);
    const typed = text.slice(start, caret);
    if (!items.length || (!asked && items.some(({ label }) => label === typed))) {
      this.close();
      if (asked) speak(this.said, "Tidak ada saran di sini.", "No suggestions here.");
      return;
    }
    Object.assign(this, { start, end, items: items.slice(0, SHOWN) });
    this.list.replaceChildren(...this.items.map((each, index) => option(each, index)));
    this.place();
    this.select(0);
    speak(this.said, `${items.length} saran.`, `${items.length} suggestions.`);
  }

  place() {
    const at = this.editor.position(this.start);
    this.list.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.list;
    const below = at.bottom + height < innerHeight || at.top < height;
    this.list.style.left = `${Math.max(0, Math.min(at.left, innerWidth - width))}px`;
    this.list.style.top = `${below ? at.bottom : at.top - height}px`;
    this.editor.field.setAttribute("aria-controls", this.list.id);
  }

  select(index) {
    this.selected = (index + this.items.length) % this.items.length;
    [...this.list.children].forEach((each, at) => each.setAttribute("aria-selected", at === this.selected));
    const chosen = this.list.children[this.selected];
    this.list.scrollTop = Math.min(
      Math.max(this.list.scrollTop, chosen.offsetTop + chosen.offsetHeight - this.list.clientHeight),
      chosen.offsetTop,
    );
    this.editor.field.setAttribute("aria-activedescendant", chosen.id);
  }

  take(index) {
    const chosen = this.items[index];
    if (!chosen) return;
    this.close();
    this.editor.replace(this.start, this.end, chosen.label + this.missing(chosen.after ?? ""));
  }

  /** What follows a suggestion, unless it stands there already. */
  missing(after) {
    return after && !this.editor.text.slice(this.end).startsWith(after.trimEnd() || " ") ? after : "";
  }

  close() {
    if (!this.open) return;
    this.list.hidden = true;
    for (const name of ["aria-activedescendant", "aria-controls"]) this.editor.field.removeAttribute(name);
  }

  key(event) {
    if (event.key === " " && (event.ctrlKey || event.metaKey)) this.suggest(true);
    else if (!this.open || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown") this.select(this.selected + 1);
    else if (event.key === "ArrowUp") this.select(this.selected - 1);
    else if (event.key === "Enter") this.take(this.selected);
    else return;
    event.preventDefault();
  }
}

function option({ label, detail, deprecated }, index) {
  const made = make("li", { role: "option", id: `suggestion-${index}`, "data-index": index }, make("span", {}, label));
  if (deprecated) made.firstChild.append(make("s", { class: "note" }, " †"));
  if (detail) made.append(make("small", {}, detail));
  return made;
}
