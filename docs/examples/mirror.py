"""A copy of what one may see of a system of the hub, in SQLite: begun with a snapshot, followed by its changes.

    HUB_TOKEN=… python mirror.py http://127.0.0.1:8000 hub mirror.db

Ends when it has caught up; start it again to go on. It may be killed at any time: rows and cursor commit together.
"""

import json
import os
import sqlite3
import sys
import time
import urllib.error
import urllib.request

CHANGES = """query($after: String, $systems: [String!]) { changes(first: 100, after: $after, systems: $systems) {
    edges { node { kind subject before after removed } } pageInfo { hasNextPage endCursor } } }"""
TABLES = """create table if not exists rows (kind, subject, facts, primary key (kind, subject));
    create table if not exists place (system, cursor);"""


def answer(url, body=None):
    """Return the open answer; wait if the hub requires it."""
    headers = {"Authorization": f"Bearer {os.environ['HUB_TOKEN']}", "Content-Type": "application/json"}
    while True:
        try:
            return urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=120)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                sys.exit(f"{error.code} {error.read().decode(errors='replace')}")
            time.sleep(int(error.headers.get("Retry-After", 5)))


def begin(db, url, system):
    """Store a snapshot; without its last line it is incomplete, and nothing of it is stored."""
    with db, answer(f"{url}/bulk/{system}") as lines:
        db.execute("delete from rows")
        head, *rows = map(json.loads, lines)
        if rows.pop() != {"count": len(rows)}:
            raise EOFError("The snapshot was cut.")
        for row in rows:
            put(db, row, row["facts"])
        db.execute("insert into place values (?, ?)", (system, head["cursor"]))


def follow(db, url, system, cursor):
    """One page of changes and its cursor, in one transaction; returns whether there is more."""
    body = json.dumps({"query": CHANGES, "variables": {"after": cursor, "systems": [system]}}).encode()
    result = json.load(answer(f"{url}/graphql", body))
    if "errors" in result:
        if result["errors"][0]["extensions"]["code"] != "CURSOR_EXPIRED":
            sys.exit(json.dumps(result["errors"]))
        with db:
            db.execute("delete from place")
        return True
    page = result["data"]["changes"]
    with db:
        for change in (edge["node"] for edge in page["edges"]):
            apply(db, change)
        db.execute("update place set cursor = ?", (page["pageInfo"]["endCursor"],))
    return page["pageInfo"]["hasNextPage"]


def apply(db, change):
    """The three rules."""
    name = change["kind"], change["subject"]
    if change["removed"]:
        db.execute("delete from rows where kind = ? and subject = ?", name)
    elif change["before"] is None:
        put(db, change, change["after"])
    elif stored := db.execute("select facts from rows where kind = ? and subject = ?", name).fetchone():
        put(db, change, json.loads(stored[0]) | change["after"])


def put(db, row, facts):
    """Store one row."""
    facts = json.dumps(facts, sort_keys=True)
    db.execute("insert or replace into rows values (?, ?, ?)", (row["kind"], row["subject"], facts))


def main(url, system, file):
    """Catch up; refuse a file with a copy of another system."""
    db, more = sqlite3.connect(file), True
    db.executescript(TABLES)
    while more:
        copied, cursor = db.execute("select system, cursor from place").fetchone() or (system, None)
        if copied != system:
            sys.exit(f"{file} is a copy of {copied}: name another file for {system}.")
        if cursor:
            more = follow(db, url, system, cursor)
        else:
            begin(db, url, system)


if __name__ == "__main__":
    if len(sys.argv) != 4 or "HUB_TOKEN" not in os.environ:
        sys.exit(__doc__)
    main(*sys.argv[1:])
