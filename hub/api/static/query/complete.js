// What may stand at the cursor: fields, arguments, values, variables, fragments, types, directives.
import { parse } from "./parse.js";
import { places } from "./places.js";
import { fits, named, required } from "./schema.js";

const CURSOR = "CURSOR_";
const KEYWORDS = ["query", "mutation", "subscription", "fragment"];

/** Suggestions for the name at an offset of `text`: `start` and `end` of what they replace, and `items`, best first.
 * Each item has `label` and may have `detail` (a type), `description` and `deprecated`. */
export function complete(text, offset, schema) {
  const start = offset - text.slice(0, offset).match(/\w*$/)[0].length;
  const end = offset + text.slice(offset).match(/^\w*/)[0].length;
  // In a comment or a string nothing is completed: the cursor is then no token of its own.
  const document = parse(`${text.slice(0, start)}${CURSOR} ${text.slice(end)}`);
  const found = places(document, schema);
  const place = found.find(({ token }) => token?.value === CURSOR && token.start === start);
  const typed = text.slice(start, offset).toLowerCase();
  const items = place ? SUGGEST[place.role](place, { schema, document, found }) : [];
  return { start, end, items: ranked(items, typed) };
}

function ranked(items, typed) {
  const rank = ({ label }) => (label.toLowerCase().startsWith(typed) ? 0 : 1);
  const matching = items.filter(({ label }) => label.toLowerCase().includes(typed));
  return matching.sort((one, other) => rank(one) - rank(other));
}

const suggestion = ({ name, type, description, deprecated }, more = {}) => ({
  label: name,
  detail: type,
  description,
  deprecated,
  ...more,
});

function rest(known, given) {
  const names = given.map((each) => each.name.value);
  const left = known.filter((each) => !names.includes(each.name));
  return left.sort((one, other) => required(other) - required(one)).map((each) => suggestion(each, { after: ": " }));
}

const typesWhere = (schema, accept) =>
  [...schema.types.values()].filter(accept).map(({ name, description }) => ({ label: name, description }));

function variables({ definition, type }) {
  const declared = definition.variables ?? [];
  return declared
    .filter((each) => each.name && each.type && (!type || fits(each.type.text, type.replace(/!$/, ""))))
    .map((each) => ({ label: each.name.value, detail: each.type.text }));
}

const SUGGEST = {
  keyword: () => KEYWORDS.map((label) => ({ label })),
  field: ({ parent }, { schema }) => schema.fields(parent).map((each) => suggestion(each)),
  argument: ({ known, given }) => rest(known, given),
  inputField: ({ known, given }) => rest(known, given),
  directive: (_, { schema }) => [...schema.directives.values()].map(({ name }) => ({ label: name })),
  variable: (place) => variables(place),
  variableType: (_, { schema }) => typesWhere(schema, (each) => schema.input(each)),

  value(place, { schema }) {
    const type = place.type && schema.type(named(place.type));
    const known = type?.kind === "enums" ? type.entries.map((each) => suggestion(each)) : [];
    const words = type?.name === "Boolean" ? ["true", "false"] : [];
    const of = variables(place).map((each) => ({ ...each, label: `$${each.label}` }));
    return [...known, ...words.map((label) => ({ label })), ...of];
  },

  condition({ parent }, { schema }) {
    return typesWhere(
      schema,
      (each) => schema.composite(each) && each.kind !== "roots" && (!parent || schema.overlap(parent, each)),
    );
  },

  spread({ parent }, { schema, document }) {
    const fragments = document.definitions.filter((each) => each.kind === "fragment" && each.name);
    const fitting = fragments.filter(({ on }) => {
      const type = schema.type(on?.value);
      return type && (!parent || schema.overlap(parent, type));
    });
    return [{ label: "on", after: " " }, ...fitting.map((each) => ({ label: each.name.value, detail: each.on.value }))];
  },
};
