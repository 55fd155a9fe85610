// Keeps a copy of what one may see of a system of the hub, in a JSON file, within a second of each change.
//   HUB_TOKEN=… node follow.mjs http://127.0.0.1:8000 hub mirror.json
// Begins with a snapshot and follows GET /feed. Whatever breaks, it goes on from the last cursor, stored with the rows.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const [url, system, file] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${process.env.HUB_TOKEN}`, Accept: "application/x-ndjson" };

/** Yield each whole line of a response; without one for 40 seconds the connection is lost. */
async function* linesOf(path) {
  const cut = new AbortController(), timer = setTimeout(() => cut.abort(), 40_000);
  try {
    const response = await fetch(url + path, { headers, signal: cut.signal });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    let rest = "";
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      timer.refresh();
      const lines = (rest + chunk).split("\n");
      rest = lines.pop();
      yield* lines.map((line) => JSON.parse(line));
    }
  } finally { clearTimeout(timer); cut.abort(); }
}

/** Delete what was removed, store what is new here, and change what is stored. */
function apply(rows, { kind, subject, removed, before, after }) {
  const name = `${kind} ${subject}`;
  if (removed) delete rows[name];
  else if (before === null) rows[name] = after;
  else if (name in rows) Object.assign(rows[name], after);
}

/** Return a copy from a snapshot; without its last line it is incomplete. */
async function begun() {
  const [lines, rows] = [[], {}];
  for await (const line of linesOf(`/bulk/${system}`)) lines.push(line);
  const { cursor } = lines.shift();
  if (lines.pop()?.count !== lines.length) throw new Error("The snapshot was cut.");
  for (const row of lines) apply(rows, { ...row, before: null, after: row.facts });
  return { system, cursor, rows };
}

let copy = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
if (copy && copy.system !== system) throw new Error(`${file} is a copy of ${copy.system}: name another file for ${system}.`);
for (;; await sleep(1_000)) {
  try {
    copy ??= await begun();
    for await (const { event, cursor, data } of linesOf(`/feed?systems=${system}&after=${copy.cursor}`)) {
      if (event === "gap") { copy = null; break; }
      if (event === "change") apply(copy.rows, data);
      copy.cursor = cursor;
      writeFileSync(`${file}.new`, JSON.stringify(copy));
      renameSync(`${file}.new`, file);
    }
  } catch (error) {
    console.error(error.message);
    if (/^40[13]/.test(error.message)) process.exit(1);
  }
}
