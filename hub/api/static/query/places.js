// Walks through a document with the types at hand: each name has a place, which knows its role and what may be there.
import { item, named } from "./schema.js";

/** Places in their order. Each has `role`, `token` (a literal may have none) and `definition`, and by role `parent`,
 * `entry`, `type`, `node`. */
export function places(document, schema) {
  const walk = new Walk(schema);
  for (const definition of document.definitions) walk.definition(definition);
  return walk.found;
}

/** The place whose name contains an offset or ends there. */
export const placeAt = (found, offset) =>
  found.find(({ token }) => token && token.start <= offset && offset <= token.end);

class Walk {
  constructor(schema) {
    this.schema = schema;
    this.found = [];
  }

  add(role, token, more) {
    if (token || role === "literal") this.found.push({ role, token, definition: this.current, ...more });
  }

  definition(node) {
    this.current = node;
    if (node.kind === "word") return this.add("keyword", node.token, {});
    const parent = node.kind === "operation" ? this.schema.root(node.operation) : this.schema.type(node.on?.value);
    if (node.kind === "operation") {
      for (const each of node.variables) {
        this.type("variableType", each.type?.token);
        if (each.type && each.fallback) this.value(each.fallback, each.type.text);
        this.directives(each.directives);
      }
    } else {
      this.type("condition", node.on);
    }
    this.directives(node.directives);
    this.selection(node.selection, parent);
  }

  selection(node, parent) {
    for (const each of node?.items ?? []) {
      if (each.kind === "field") this.field(each, parent);
      else if (each.kind === "spread") this.add("spread", each.name, { parent });
      else this.type("condition", each.on, parent);
      this.directives(each.directives);
      if (each.kind === "inline") this.selection(each.selection, each.on ? this.schema.type(each.on.value) : parent);
    }
  }

  type(role, token, parent) {
    this.add(role, token, { parent, type: this.schema.type(token?.value)?.name });
  }

  field(node, parent) {
    const entry = parent && this.schema.entry(parent, node.name?.value);
    this.add("field", node.name, { parent, entry, node });
    this.named("argument", node.arguments, entry?.arguments ?? [], entry, parent?.name);
    this.selection(node.selection, entry && this.schema.type(named(entry.type)));
  }

  /** Arguments or input fields; `known` are those that `owner` has, if it is known itself. A field is `on` a type. */
  named(role, given, known, owner, on) {
    for (const each of given) {
      const entry = known.find((one) => one.name === each.name.value);
      this.add(role, each.name, { entry, known, owner, given, on });
      if (each.value) this.value(each.value, entry?.type, entry);
    }
  }

  value(node, type, entry) {
    if (node.kind === "variable") return this.add("variable", node.name, { type, entry });
    if (node.kind === "list") {
      this.add("literal", null, { node, type });
      for (const each of node.items) this.value(each, type && item(type));
    } else if (node.kind === "object") {
      const owner = type && !item(type) ? this.schema.type(named(type)) : undefined;
      this.add("literal", null, { node, type });
      const input = owner?.kind === "inputs" ? owner : undefined;
      this.named("inputField", node.items, input?.entries ?? [], input);
    } else if (node.token.kind === "name") {
      this.add("value", node.token, { node, type });
    } else {
      this.add("literal", node.token, { node, type });
    }
  }

  directives(nodes) {
    for (const each of nodes ?? []) {
      const entry = this.schema.directives.get(each.name?.value);
      this.add("directive", each.name, { entry });
      this.named("argument", each.arguments, entry?.arguments ?? [], entry);
    }
  }
}
