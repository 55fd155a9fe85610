// A copy of what one may see of a system of the hub, in a JSON file: begun with a snapshot, followed by its changes.
//
//   HUB_TOKEN=… node mirror.mjs http://127.0.0.1:8000 hub mirror.json
//
// Ends when it has caught up; start it again to go on. It may be killed at any time: rows and cursor are renamed into
// place together. Node 20, no packages.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const [url, system, file] = process.argv.slice(2);
const CHANGES = `query($after: String, $systems: [String!]) { changes(first: 100, after: $after, systems: $systems) {
  edges { node { kind subject before after removed } } pageInfo { hasNextPage endCursor } } }`;

/** Return the answer; wait if the hub requires it. */
async function answer(path, options = {}) {
  const headers = { Authorization: `Bearer ${process.env.HUB_TOKEN}`, "Content-Type": "application/json" };
  for (;;) {
    const response = await fetch(url + path, { ...options, headers });
    if (response.ok) return response;
    if (![429, 503].includes(response.status)) throw new Error(`${response.status} ${await response.text()}`);
    const seconds = Number(response.headers.get("retry-after") ?? 5);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

const name = ({ kind, subject }) => `${kind} ${subject}`;

/** Store a snapshot; without its last line it is incomplete, and nothing of it is stored. */
async function begun() {
  const lines = (await (await answer(`/bulk/${system}`)).text()).trim().split("\n").map((line) => JSON.parse(line));
  const [{ cursor }, ...rows] = lines;
  if (rows.pop()?.count !== rows.length) throw new Error("The snapshot was cut.");
  return { system, cursor, rows: Object.fromEntries(rows.map((row) => [name(row), row.facts])) };
}

/** The copy with the next page of changes, and whether there is more. */
async function followed({ cursor, rows }) {
  const body = JSON.stringify({ query: CHANGES, variables: { after: cursor, systems: [system] } });
  const { data, errors } = await (await answer("/graphql", { method: "POST", body })).json();
  if (errors?.[0].extensions.code === "CURSOR_EXPIRED") return { copy: await begun(), more: true };
  if (errors) throw new Error(JSON.stringify(errors));
  for (const { node } of data.changes.edges) apply(rows, node);
  const { hasNextPage, endCursor } = data.changes.pageInfo;
  return { copy: { system, cursor: endCursor, rows }, more: hasNextPage };
}

/** The three rules. */
function apply(rows, change) {
  const key = name(change);
  if (change.removed) delete rows[key];
  else if (change.before === null) rows[key] = change.after;
  else if (key in rows) Object.assign(rows[key], change.after);
}

let copy = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : await begun();
if (copy.system !== system) throw new Error(`${file} is a copy of ${copy.system}: name another file for ${system}.`);
for (let more = true; more; ) {
  ({ copy, more } = await followed(copy));
  writeFileSync(`${file}.new`, JSON.stringify(copy));
  renameSync(`${file}.new`, file);
}
