"""Keeps a copy of what one may see of a system of the hub, in SQLite, within a second of each change.

    HUB_TOKEN=… python follow.py http://127.0.0.1:8000 hub mirror.db

Begins with a snapshot and follows GET /feed. Whatever breaks, it goes on from the last cursor, stored with the rows."""

import json
import os
import sqlite3
import sys
import time
from http.client import HTTPException
from urllib.request import Request, urlopen


def lines(path):
    """Yield each whole line of a response; the hub sends one at least every 12 seconds."""
    headers = {"Authorization": f"Bearer {os.environ['HUB_TOKEN']}", "Accept": "application/x-ndjson"}
    with urlopen(Request(url + path, headers=headers), timeout=40) as response:
        yield from (json.loads(line) for line in response if line.endswith(b"\n"))


def apply(change):
    """Delete what was removed, store what is new here, and change what is stored."""
    name, new = (change["kind"], change["subject"]), change["before"] is None
    stored = db.execute("delete from rows where kind = ? and subject = ? returning facts", name).fetchone()
    if not change["removed"] and (new or stored):
        facts = change["after"] if new else json.loads(stored[0]) | change["after"]
        db.execute("insert into rows values (?, ?, ?)", (*name, json.dumps(facts)))


url, system, file = sys.argv[1:]
db = sqlite3.connect(file)
db.execute("create table if not exists rows (kind, subject, facts, primary key (kind, subject))")
db.execute("create table if not exists place (system, cursor)")
while True:
    try:
        place = db.execute("select system, cursor from place").fetchone()
        with db:  # All in it is stored, or nothing.
            if place is None:
                head, *rows = lines(f"/bulk/{system}")
                if rows.pop() != {"count": len(rows)}:
                    raise HTTPException("The snapshot was cut.")
                db.execute("delete from rows")
                for row in rows:
                    apply({**row, "before": None, "after": row["facts"], "removed": False})
                db.execute("insert into place values (?, ?)", place := (system, head["cursor"]))
        assert place[0] == system, f"{file} is a copy of {place[0]}: name another file for {system}."
        for message in lines(f"/feed?systems={system}&after={place[1]}"):
            with db:
                if message["event"] == "change":
                    apply(message["data"])
                db.execute("update place set cursor = ?", (message["cursor"],))
                if message["event"] == "gap":
                    db.execute("delete from place")
                    break
    except (OSError, HTTPException) as error:
        if getattr(error, "code", 503) not in (429, 503):
            raise
    time.sleep(1)
