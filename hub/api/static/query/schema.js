// The types of the graph, as the hub tells them: names, fields, arguments, scopes, costs, deprecations.
export const BUILT_IN = ["Int", "Float", "String", "Boolean", "ID"];
const COMPOSITE = ["roots", "objects", "interfaces", "unions"];
const CONDITION = [{ name: "if", type: "Boolean!" }];

/** The name inside the brackets and marks of a type. */
export const named = (type) => type.replace(/[[\]!]/g, "");
export const required = (entry) => entry.type.endsWith("!") && entry.default === undefined;
const nullable = (type) => type.replace(/!$/, "");
/** The type of the items of a list, or nothing if `type` is no list. */
export const item = (type) => nullable(type).match(/^\[(.*)\]$/)?.[1];

/** Whether a variable of type `given` may stand where `wanted` is (GraphQL, 5.8.5). */
export function fits(given, wanted) {
  if (wanted.endsWith("!")) return given.endsWith("!") && fits(nullable(given), nullable(wanted));
  const [of, inside] = [item(given), item(wanted)];
  if (of === undefined || inside === undefined) return nullable(given) === wanted;
  return fits(of, inside);
}

/** The types by name; each has `kind` and `entries`, which are its fields or values. */
export class Schema {
  constructor(types) {
    this.types = new Map(types.map((each) => [each.name, { entries: [], members: [], ...each }]));
    for (const name of BUILT_IN) this.types.set(name, { name, kind: "scalars", entries: [], members: [] });
    const directives = ["include", "skip"].map((name) => [name, { name, arguments: CONDITION }]);
    this.directives = new Map(directives);
  }

  type(name) {
    return this.types.get(name);
  }

  root(operation) {
    return this.type(operation[0].toUpperCase() + operation.slice(1));
  }

  composite(type) {
    return COMPOSITE.includes(type?.kind);
  }

  input(type) {
    return ["inputs", "enums", "scalars"].includes(type?.kind);
  }

  entry(type, name) {
    return this.fields(type).find((each) => each.name === name);
  }

  /** The fields of a type, those that every type has included. */
  fields(type) {
    if (!this.composite(type)) return type?.entries ?? [];
    const found = type.kind === "unions" ? [] : [...type.entries];
    found.push({ name: "__typename", type: "String!", description: "The name of the type." });
    if (type.name === "Query") {
      found.push({ name: "__schema", type: "__Schema!" });
      found.push({ name: "__type", type: "__Type", arguments: [{ name: "name", type: "String!" }] });
    }
    return found;
  }

  /** The names of the object types that a value of a type may have. */
  possible(type) {
    if (type.kind === "unions") return type.members;
    if (type.kind !== "interfaces") return [type.name];
    return [...this.types.values()]
      .filter((each) => each.kind === "objects" && each.members.includes(type.name))
      .map((each) => each.name);
  }

  /** Whether a fragment on `condition` can apply to a `parent`. */
  overlap(parent, condition) {
    const names = this.possible(condition);
    return this.possible(parent).some((each) => names.includes(each));
  }
}
