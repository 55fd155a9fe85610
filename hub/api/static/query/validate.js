// Says what is wrong with a document before it is sent: the rules of GraphQL, 5, that a person meets while typing.
import { fits, item, named, required } from "./schema.js";

const LITERALS = {
  Int: ({ kind, token }) => kind === "number" && /^-?\d+$/.test(token.value),
  Float: ({ kind }) => kind === "number",
  String: ({ kind }) => kind === "string",
  ID: ({ kind, token }) => kind === "string" || (kind === "number" && /^-?\d+$/.test(token.value)),
  Boolean: ({ kind }) => kind === "boolean",
};

/** Problems of a parsed document: `start`, `end`, the message as `id` and `en`, and `mild` if it runs all the same. */
export function validate(document, found, schema) {
  const context = { schema, found, fragments: fragmentsOf(document), problems: [] };
  for (const place of found) CHECKS[place.role]?.(place, context);
  const [broken] = document.problems;
  // Behind the place where the document breaks off, nothing is as it was meant, and what is missing may come yet.
  if (broken) return sorted([broken, ...context.problems.filter((each) => each.end <= broken.start && !each.missing)]);
  for (const each of document.definitions) {
    if (each.kind === "operation") checkOperation(each, context);
    else if (!used(document, context).has(each.name?.value)) {
      tell(
        context,
        each.name,
        `Fragmen ${each.name?.value} tidak dipakai.`,
        `The fragment ${each.name?.value} is not used.`,
      );
    }
  }
  return sorted(context.problems);
}

const sorted = (problems) => problems.sort((one, other) => one.start - other.start);

function tell({ problems }, at, id, en, more = {}) {
  if (at) problems.push({ start: at.start, end: at.end, id, en, ...more });
}

const fragmentsOf = (document) =>
  new Map(document.definitions.filter((each) => each.kind === "fragment").map((each) => [each.name?.value, each]));

const CHECKS = {
  field(place, context) {
    const { parent, entry, token, node } = place;
    if (!parent) return;
    if (!entry) {
      tell(
        context,
        token,
        `${parent.name} tidak punya field ${token.value}.`,
        `${parent.name} has no field ${token.value}.`,
      );
      return;
    }
    deprecated(entry, token, context);
    const type = context.schema.type(named(entry.type));
    if (!type) return;
    if (context.schema.composite(type) && !node.selection) {
      tell(context, token, `Pilih field dari ${entry.type}: { … }.`, `Select fields of ${entry.type}: { … }.`, {
        missing: true,
      });
    } else if (!context.schema.composite(type) && node.selection) {
      tell(context, token, `${entry.type} tidak punya field.`, `${entry.type} has no fields.`);
    }
    missing(entry.arguments ?? [], node.arguments, token, context);
  },

  argument({ entry, owner, token, given }, context) {
    if (owner && !entry)
      tell(
        context,
        token,
        `${owner.name} tidak punya argumen ${token.value}.`,
        `${owner.name} has no argument ${token.value}.`,
      );
    else if (entry) deprecated(entry, token, context);
    twice(given, token, context);
  },

  inputField({ entry, owner, token, given }, context) {
    if (owner && !entry)
      tell(
        context,
        token,
        `${owner.name} tidak punya field ${token.value}.`,
        `${owner.name} has no field ${token.value}.`,
      );
    else if (entry) deprecated(entry, token, context);
    twice(given, token, context);
  },

  value: checkLiteral,
  literal: checkLiteral,

  condition({ token, parent }, context) {
    const type = context.schema.type(token.value);
    if (!context.schema.composite(type)) {
      tell(
        context,
        token,
        `Tidak ada tipe ${token.value} dengan field.`,
        `There is no type ${token.value} with fields.`,
      );
    } else if (parent && !context.schema.overlap(parent, type)) {
      tell(context, token, `${parent.name} tidak pernah ${token.value}.`, `${parent.name} is never ${token.value}.`);
    }
  },

  spread({ token, parent }, context) {
    const fragment = context.fragments.get(token.value);
    if (!fragment) {
      tell(context, token, `Tidak ada fragmen ${token.value}.`, `There is no fragment ${token.value}.`);
      return;
    }
    const type = context.schema.type(fragment.on?.value);
    if (parent && type && !context.schema.overlap(parent, type)) {
      tell(context, token, `${parent.name} tidak pernah ${type.name}.`, `${parent.name} is never ${type.name}.`);
    }
  },

  directive({ entry, token }, context) {
    if (!entry) tell(context, token, `Tidak ada direktif @${token.value}.`, `There is no directive @${token.value}.`);
  },

  variableType({ token }, context) {
    const type = context.schema.type(token?.value);
    if (!context.schema.input(type)) {
      tell(context, token, `Tidak ada tipe masukan ${token.value}.`, `There is no input type ${token.value}.`);
    }
  },
};

function deprecated(entry, token, context) {
  if (entry.deprecated)
    tell(context, token, `Usang: ${entry.deprecated}`, `Deprecated: ${entry.deprecated}`, { mild: true });
}

function twice(given, token, context) {
  if (given.find((each) => each.name.value === token.value).name !== token) {
    tell(context, token, `${token.value} diberikan dua kali.`, `${token.value} is given twice.`);
  }
}

function missing(known, given, token, context) {
  const names = given.map((each) => each.name.value);
  for (const each of known.filter((one) => required(one) && !names.includes(one.name))) {
    tell(context, token, `${each.name}: ${each.type} harus diberikan.`, `${each.name}: ${each.type} is required.`, {
      missing: true,
    });
  }
}

/** Whether a value is one of `type`; the items of a list are checked at their own places. */
function checkLiteral({ node, type }, context) {
  const known = type && context.schema.type(named(type));
  if (!known) return;
  const say = (id, en) => tell(context, node, id, en);
  if (node.kind === "null") {
    if (type.endsWith("!")) say(`${type} tidak boleh null.`, `${type} must not be null.`);
  } else if (node.kind === "list" && item(type) === undefined) {
    if (known.kind !== "scalars" || LITERALS[known.name]) say(`${type} bukan daftar.`, `${type} is not a list.`);
  } else if (node.kind !== "list") {
    checkSingle(node, known, type, context, say);
  }
}

function checkSingle(node, known, type, context, say) {
  if (known.kind === "enums") {
    if (node.kind === "enum" && known.entries.some((each) => each.name === node.token.value)) return;
    say(`${known.name} tidak punya nilai ini.`, `${known.name} has no such value.`);
  } else if (known.kind === "inputs") {
    if (node.kind === "object") missing(known.entries, node.items, node, context);
    else say(`${type} adalah objek: { … }.`, `${type} is an object: { … }.`);
  } else if (LITERALS[known.name] && !LITERALS[known.name](node)) {
    say(`Nilai ini bukan ${known.name}.`, `This value is not ${known.name}.`);
  }
}

/** The variables that an operation uses are those of its fragments too. */
function checkOperation(operation, context) {
  const uses = context.found.filter(
    (each) => each.role === "variable" && reached(operation, context).has(each.definition),
  );
  const declared = new Map(operation.variables.filter((each) => each.name).map((each) => [each.name.value, each]));
  for (const { token, type, entry } of uses) {
    const variable = declared.get(token.value);
    if (!variable) {
      tell(
        context,
        token,
        `Variabel $${token.value} belum dideklarasikan.`,
        `The variable $${token.value} is not declared.`,
      );
    } else if (type && variable.type && !suits(variable, type, entry)) {
      const given = variable.type.text;
      tell(
        context,
        token,
        `$${token.value} bertipe ${given}, bukan ${type}.`,
        `$${token.value} is ${given}, not ${type}.`,
      );
    }
  }
  const names = uses.map((each) => each.token.value);
  for (const [name, { name: token }] of declared) {
    if (!names.includes(name))
      tell(context, token, `Variabel $${name} tidak dipakai.`, `The variable $${name} is not used.`);
  }
}

function suits({ type, fallback }, wanted, entry) {
  const defaulted = (fallback && fallback.kind !== "null") || entry?.default !== undefined;
  return fits(type.text, defaulted && !type.text.endsWith("!") ? wanted.replace(/!$/, "") : wanted);
}

/** A definition with the fragments that it leads to. */
function reached(definition, context, seen = new Set()) {
  if (!definition || seen.has(definition)) return seen;
  seen.add(definition);
  for (const each of context.found) {
    if (each.role === "spread" && each.definition === definition)
      reached(context.fragments.get(each.token.value), context, seen);
  }
  return seen;
}

function used(document, context) {
  const operations = document.definitions.filter((each) => each.kind === "operation");
  return new Set(operations.flatMap((each) => [...reached(each, context)]).map((each) => each.name?.value));
}
