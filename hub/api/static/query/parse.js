// Parses a GraphQL document that is being typed: what is missing is a problem, and parsing goes on behind it.
import { tokenize } from "./tokens.js";

const OPERATIONS = ["query", "mutation", "subscription"];
const WORDS = { true: "boolean", false: "boolean", null: "null" };

/** The definitions of a document, and its `problems`: `start`, `end` and a message as `id` and `en`. */
export function parse(text) {
  return new Parser(text).document();
}

class Parser {
  constructor(text) {
    this.tokens = tokenize(text).filter((each) => each.kind !== "comment");
    this.at = 0;
    this.end = { kind: "end", value: "", start: text.length, end: text.length };
    this.problems = [];
  }

  get token() {
    return this.tokens[this.at] ?? this.end;
  }

  get before() {
    return this.tokens[this.at - 1] ?? this.end;
  }

  is(...values) {
    return this.token.kind !== "string" && values.includes(this.token.value);
  }

  take(...values) {
    return this.is(...values) ? this.tokens[this.at++] : null;
  }

  name() {
    return this.token.kind === "name" ? this.tokens[this.at++] : null;
  }

  problem(token, id, en) {
    this.problems.push({ start: token.start, end: token.end, id, en });
  }

  /** One problem at the token that stands where `wanted` should. */
  expected(wanted) {
    const found = this.token;
    if (found.kind === "end")
      this.problem(this.before, `Belum selesai: ${wanted} diharapkan.`, `Unfinished: expected ${wanted}.`);
    else this.problem(found, `${wanted} diharapkan, bukan ${found.value}.`, `Expected ${wanted}, not ${found.value}.`);
  }

  need(value) {
    return this.take(value) ?? (this.expected(value), null);
  }

  needName(wanted) {
    return this.name() ?? (this.expected(wanted), null);
  }

  /** What stands between two brackets; ends early at one of `stops`, where something else begins. */
  between(open, close, stops, item) {
    const first = this.need(open);
    const items = [];
    while (first && this.token.kind !== "end" && !this.is(close, ...stops)) {
      const at = this.at;
      const found = item();
      if (found) items.push(found);
      if (this.at === at) {
        this.expected(close);
        this.at += 1;
      }
    }
    const last = first && this.need(close);
    return { items, start: first?.start, end: last ? last.end : this.token.start };
  }

  document() {
    const definitions = [];
    while (this.token.kind !== "end") definitions.push(this.definition());
    return { definitions, problems: this.problems };
  }

  /** A description may stand before a definition; the hub does not read it. */
  description() {
    if (this.token.kind === "string") this.at += 1;
  }

  definition() {
    if (this.is("{"))
      return { kind: "operation", operation: "query", variables: [], directives: [], selection: this.selection() };
    this.description();
    if (this.is(...OPERATIONS)) return this.operation();
    if (this.is("fragment")) return this.fragment();
    this.expected("query, mutation, subscription, fragment");
    return { kind: "word", token: this.tokens[this.at++] ?? this.end };
  }

  operation() {
    const word = this.name();
    const name = this.name();
    const variables = this.is("(") ? this.between("(", ")", ["{"], () => this.variable()).items : [];
    const directives = this.directives();
    return { kind: "operation", operation: word.value, word, name, variables, directives, selection: this.selection() };
  }

  fragment() {
    const word = this.name();
    const name = this.is("on") ? (this.expected("Name"), null) : this.needName("Name");
    const on = this.need("on") && this.needName("Type");
    const directives = this.directives();
    return { kind: "fragment", word, name, on, directives, selection: this.selection() };
  }

  variable() {
    this.description();
    if (!this.need("$")) return null;
    const name = this.needName("Name");
    const type = this.need(":") && this.type();
    const fallback = this.take("=") && this.value();
    return { name, type, fallback, directives: this.directives() };
  }

  /** A type as `text` without spaces, with the `token` of its name. */
  type() {
    let found;
    if (this.take("[")) {
      const inner = this.type();
      this.need("]");
      found = { text: `[${inner.text}]`, token: inner.token };
    } else {
      const token = this.needName("Type");
      found = { text: token?.value ?? "", token };
    }
    return this.take("!") ? { ...found, text: `${found.text}!` } : found;
  }

  selection() {
    const found = this.between("{", "}", [], () => (this.take("...") ? this.spread() : this.field()));
    if (found.start !== undefined && !found.items.length && this.before.value === "}") {
      this.problem(
        { start: found.start, end: found.end },
        "Pilih paling sedikit satu field.",
        "Select at least one field.",
      );
    }
    return found;
  }

  spread() {
    if (this.take("on")) {
      const on = this.needName("Type");
      return { kind: "inline", on, directives: this.directives(), selection: this.selection() };
    }
    const name = this.name();
    const directives = this.directives();
    if (name) return { kind: "spread", name, directives };
    return { kind: "inline", on: null, directives, selection: this.selection() };
  }

  field() {
    let name = this.name();
    if (!name) return null;
    let alias = null;
    if (this.take(":")) [alias, name] = [name, this.needName("Name")];
    const given = this.is("(") ? this.arguments() : [];
    const directives = this.directives();
    return {
      kind: "field",
      alias,
      name,
      arguments: given,
      directives,
      selection: this.is("{") ? this.selection() : null,
    };
  }

  arguments() {
    return this.between("(", ")", ["{", "}"], () => this.named()).items;
  }

  /** An argument, or a field of an input object. */
  named() {
    const name = this.name();
    if (!name) return null;
    return { name, value: this.need(":") ? this.value() : null };
  }

  directives() {
    const found = [];
    while (this.take("@")) found.push({ name: this.needName("Name"), arguments: this.is("(") ? this.arguments() : [] });
    return found;
  }

  value() {
    const { token } = this;
    if (this.take("$"))
      return { kind: "variable", name: this.needName("Name"), start: token.start, end: this.before.end };
    if (this.is("[")) return { kind: "list", ...this.between("[", "]", [")", "}"], () => this.value()) };
    if (this.is("{")) return { kind: "object", ...this.between("{", "}", [")", "]"], () => this.named()) };
    if (["name", "number", "string"].includes(token.kind)) {
      this.at += 1;
      const kind = token.kind === "name" ? (WORDS[token.value] ?? "enum") : token.kind;
      return { kind, token, start: token.start, end: token.end };
    }
    this.expected("value");
    return null;
  }
}
