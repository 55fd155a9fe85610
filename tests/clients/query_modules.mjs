// Tests the modules of the query page with node:test: what they say of documents is what graphql-js says of them.
// Arguments: JSON with `types` (/schema.json), `sdl`, and `documents`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import * as graphql from "graphql";
import { complete } from "../../hub/api/static/query/complete.js";
import { curlCommand } from "../../hub/api/static/query/curl.js";
import { Kept } from "../../hub/api/static/query/kept.js";
import { parse } from "../../hub/api/static/query/parse.js";
import { places } from "../../hub/api/static/query/places.js";
import { Schema } from "../../hub/api/static/query/schema.js";
import { title } from "../../hub/api/static/query/tabs.js";
import { tokenize } from "../../hub/api/static/query/tokens.js";
import { validate } from "../../hub/api/static/query/validate.js";

const { types, sdl, documents } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const schema = new Schema(types);
const theirs = graphql.buildSchema(sdl);
// What nobody types by mistake, or what the hub says as well when the document is sent.
const LEFT_OUT = ["OverlappingFieldsCanBeMergedRule", "UniqueOperationNamesRule", "LoneAnonymousOperationRule",
  "UniqueVariableNamesRule", "UniqueFragmentNamesRule", "NoFragmentCyclesRule", "UniqueDirectivesPerLocationRule"];
const rules = graphql.specifiedRules.filter((rule) => !LEFT_OUT.includes(rule.name));

// One token of so many is spoilt, in each document others; with 1 it is all of them, which takes half a minute.
const EVERY = 4;

const problems = (text) => {
  const document = parse(text);
  return validate(document, places(document, schema), schema).filter((each) => !each.mild);
};
const said = (text) => problems(text).map((each) => [text.slice(each.start, each.end), each.en]);

/** What graphql-js says is wrong, as one line; nothing if all is right. */
function judged(text) {
  try {
    return graphql.validate(theirs, graphql.parse(text), rules)[0]?.message ?? "";
  } catch (error) {
    return error.message;
  }
}

/** A document with one token left out, doubled, or replaced by another one. */
function* spoilt(text) {
  const found = tokenize(text).filter(({ kind }) => kind !== "comment");
  for (const [index, { start, end, value }] of found.entries()) {
    if (index % EVERY !== text.length % EVERY) continue;
    const other = found[(index * 7 + 3) % found.length].value;
    const others = ["", `${value} ${value}`, ` ${other} `, "nothing", "$nothing", "1", '"text"', "null", "{", "]"];
    for (const instead of others) {
      yield text.slice(0, start) + instead + text.slice(end);
    }
  }
}

test("documents that are right have no problem", () => {
  for (const text of documents) assert.deepEqual([judged(text), said(text)], ["", []]);
});

test("spoilt documents have a problem where graphql-js finds one", () => {
  let [right, wrong] = [0, 0];
  for (const text of documents.flatMap((each) => [...spoilt(each)])) {
    const [ours, expected] = [said(text), judged(text)];
    assert.equal(ours.length > 0, expected !== "", `${text}\nours: ${JSON.stringify(ours)}\ngraphql-js: ${expected}`);
    if (expected) wrong += 1;
    else right += 1;
  }
  assert.ok(wrong > 1000 && right > 100, `${wrong} wrong, ${right} right`);
});

test("an unfinished document says what is missing, and which names before are wrong", () => {
  assert.deepEqual(said("{ complaints(fist: 1) { totalCount "), [
    ["fist", "complaints has no argument fist."],
    ["totalCount", "Unfinished: expected }."],
  ]);
  assert.deepEqual(said("{ systems { name } } }"), [["}", "Expected query, mutation, subscription, fragment, not }."]]);
  assert.deepEqual(said('{ complaint(ticket: "x'), [['"x', 'Expected value, not "x.']]);
});

/** The labels at `|`. */
function labels(text) {
  const offset = text.indexOf("|");
  return complete(text.replace("|", ""), offset, schema).items.map(({ label }) => label);
}

test("what may stand at the cursor is completed, what is given already is not", () => {
  assert.deepEqual(labels("que|"), ["query"]);
  assert.deepEqual(labels("{ complaints { edges { node { tick| } } } }"), ["ticket"]);
  assert.deepEqual(labels("{ complaints(first: 1, |) { totalCount } }").includes("first"), false);
  assert.deepEqual(labels("{ complaints(filter: { chan| }) { totalCount } }"), ["channel"]);
  assert.ok(labels("{ complaints(filter: { status: [|] }) { totalCount } }").includes("IN_PROGRESS"));
  assert.deepEqual(labels("query ($n: Int, $s: String) { complaints(first: $|) { totalCount } }"), ["n"]);
  assert.deepEqual(labels("query ($n: Int) { complaints(first: |) { totalCount } }"), ["$n"]);
  assert.deepEqual(labels("query ($a: ComplaintFil|) {"), ["ComplaintFilter"]);
  assert.deepEqual(labels("{ node(id: 1) { ... on Compl| } }"), ["Complaint"]);
  const fragments = "fragment S on System { name } fragment C on Complaint { id }";
  assert.deepEqual(labels(`{ systems { ...| } } ${fragments}`), ["on", "S"]);
  assert.deepEqual(labels("{ systems @sk| { name } }"), ["skip"]);
  assert.deepEqual(labels("{ systems { name } } # compl|"), []);
  assert.deepEqual(labels('{ complaint(ticket: "compl|") { id } }'), []);
});

test("what is deprecated runs all the same, and is named", () => {
  const old = { name: "old", type: "String", deprecated: "Use new." };
  const small = new Schema([{ name: "Query", kind: "roots", entries: [old] }]);
  const document = parse("{ old }");
  const [found] = validate(document, places(document, small), small);
  assert.deepEqual([found.en, found.mild, found.start], ["Deprecated: Use new.", true, 2]);
});

test("whatever is typed so far can be read and completed", () => {
  const text = documents.reduce((one, other) => (one.length > other.length ? one : other));
  for (let offset = 0; offset <= text.length; offset += 1) {
    said(text.slice(0, offset));
    complete(text.slice(0, offset), offset, schema);
    complete(text, offset, schema);
  }
});

test("required arguments come first, and a type condition fits its place", () => {
  const [first] = labels("mutation { submitComplaint(|) { __typename } }");
  assert.equal(first, "input");
  assert.ok(!labels("{ systems { ... on | } }").includes("Complaint"));
});

test("the command for a shell quotes what it is given and holds no token", () => {
  const command = curlCommand("http://hub/graphql", JSON.stringify({ query: "{ a(b: \"it's\") }" }), true);
  assert.ok(command.includes(`'{"query":"{ a(b: \\"it'\\''s\\") }"}'`), command);
  assert.ok(command.includes('--header "Authorization: Bearer $TOKEN"'));
  assert.ok(!curlCommand("http://hub/graphql", "{}", false).includes("Authorization"));
});

test("variables are kept only where a person says so, and the history is short", () => {
  const values = new Map();
  const getItem = (name) => values.get(name) ?? null;
  const kept = new Kept({ getItem, setItem: (name, value) => values.set(name, value) });
  for (let n = 0; n < 60; n += 1) kept.ran({ query: `{ q${n} }`, variables: '{"nik": "33"}' }, "now");
  kept.tabs = [{ query: "{ a }", variables: '{"nik": "33"}' }];
  assert.equal(kept.history.length, 50);
  assert.equal(kept.history[0].query, "{ q59 }");
  assert.ok(![...values.values()].join().includes("nik"));
  kept.keepsVariables = true;
  kept.tabs = [{ query: "{ a }", variables: '{"nik": "33"}' }];
  kept.ran({ query: "{ q0 }", variables: '{"nik": "33"}' }, "now");
  assert.ok(values.get("query.tabs").includes("nik") && values.get("query.history").includes("nik"));
  kept.keepsVariables = false;
  assert.ok(![...values.values()].join().includes("nik"));
  values.set("query.tabs", "[1, {\"query\": 2}]");
  values.set("query.history", "not JSON");
  assert.deepEqual([kept.tabs, kept.history], [[], []]);
});

test("a browser that keeps nothing is no fault", () => {
  const refuse = () => { throw new Error("full"); };
  const kept = new Kept({ getItem: refuse, setItem: refuse });
  kept.ran({ query: "{ a }", variables: "" }, "now");
  assert.deepEqual(kept.history, []);
});

test("a tab has the name of its operation or of its first field", () => {
  assert.deepEqual(["query Desk { a }", "# query X\n{ systems { name } }", ""].map(title), ["Desk", "systems", "…"]);
});
