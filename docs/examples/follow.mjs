// Keeps a copy of what one may see of a system of the hub, in a JSON file, within a second of each change.
//
//   HUB_TOKEN=… node follow.mjs http://127.0.0.1:8000 hub mirror.json
//
// Begins with a snapshot and follows GET /feed until it is stopped. Whatever breaks, it goes on from the last cursor,
// which is renamed into place together with the rows. Node 20, no packages.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const [url, system, file] = process.argv.slice(2);
const SILENCE = 40_000; // Milliseconds without a line after which the connection is lost.
const headers = { Authorization: `Bearer ${process.env.HUB_TOKEN}`, Accept: "application/x-ndjson" };

/** Yield the lines of a response; one that was cut is left out. */
async function* linesOf(path) {
  const cut = new AbortController();
  const response = await fetch(url + path, { headers, signal: cut.signal });
  if ([401, 403].includes(response.status)) throw Object.assign(new Error(await response.text()), { fatal: true });
  if (!response.ok) throw new Error(`${response.status}`);
  let rest = "", timer;
  const watch = () => { clearTimeout(timer); timer = setTimeout(() => cut.abort(), SILENCE); };
  try {
    watch();
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      watch();
      const lines = (rest + chunk).split("\n");
      rest = lines.pop();
      yield* lines.map((line) => JSON.parse(line));
    }
  } finally {
    clearTimeout(timer);
    cut.abort();
  }
}

const name = ({ kind, subject }) => `${kind} ${subject}`;

/** A copy from a snapshot; without its last line it is incomplete. */
async function begun() {
  const rows = [];
  for await (const line of linesOf(`/bulk/${system}`)) rows.push(line);
  const [{ cursor }] = rows.splice(0, 1);
  if (rows.pop()?.count !== rows.length) throw new Error("The snapshot was cut.");
  return { system, cursor, rows: Object.fromEntries(rows.map((row) => [name(row), row.facts])) };
}

/** Apply a message to the copy; false if a gap requires a snapshot. */
function apply(copy, { event, cursor, data: change }) {
  if (event === "gap") return false;
  if (event === "change") {
    if (change.removed) delete copy.rows[name(change)];
    else if (change.before === null) copy.rows[name(change)] = change.after;
    else if (name(change) in copy.rows) Object.assign(copy.rows[name(change)], change.after);
  }
  copy.cursor = cursor;
  return true;
}

function store(copy) {
  writeFileSync(`${file}.new`, JSON.stringify(copy));
  renameSync(`${file}.new`, file);
}

let copy = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
if (copy && copy.system !== system) throw new Error(`${file} is a copy of ${copy.system}: name another file for ${system}.`);
for (;;) {
  try {
    if (!copy) store((copy = await begun()));
    for await (const message of linesOf(`/feed?${new URLSearchParams({ systems: system, after: copy.cursor })}`)) {
      if (message.event === "end") break;
      if (!apply(copy, message)) { copy = null; break; }
      store(copy);
    }
  } catch (error) {
    if (error.fatal) throw error;
    console.error(error.message);
  }
  await sleep(1_000);
}
