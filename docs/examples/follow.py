"""Keeps a copy of what one may see of a system of the hub, in SQLite, within a second of each change.

    HUB_TOKEN=… python follow.py http://127.0.0.1:8000 hub mirror.db

Begins with a snapshot and follows GET /feed until it is stopped. Whatever breaks, it goes on from the last cursor,
which commits together with the rows. The copy is that of mirror.py, whose rules it uses.
"""

import http.client
import json
import os
import sqlite3
import sys
import time
import urllib.parse
import urllib.request

from mirror import TABLES, apply, begin

SILENCE = 40
"""Seconds without a line after which the connection is lost: the hub sends one every 12 seconds."""
AGAIN = 1
"""Seconds until it connects again."""


def follow(db, url, system, cursor):
    """Apply each change as it comes, until the stream ends or a gap requires a snapshot."""
    query = urllib.parse.urlencode({"systems": system, "after": cursor})
    headers = {"Authorization": f"Bearer {os.environ['HUB_TOKEN']}", "Accept": "application/x-ndjson"}
    request = urllib.request.Request(f"{url}/feed?{query}", headers=headers)
    with urllib.request.urlopen(request, timeout=SILENCE) as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                return  # The connection was cut within a line.
            message = json.loads(line)
            if message["event"] == "end":
                print(message["data"]["message"], file=sys.stderr)
                return
            with db:
                if message["event"] == "gap":
                    db.execute("delete from place")
                    return
                if message["event"] == "change":
                    apply(db, message["data"])
                db.execute("update place set cursor = ?", (message["cursor"],))


def main(url, system, file):
    """Follow for ever; refuse a file with a copy of another system."""
    db = sqlite3.connect(file)
    db.executescript(TABLES)
    while True:
        copied, cursor = db.execute("select system, cursor from place").fetchone() or (system, None)
        if copied != system:
            sys.exit(f"{file} is a copy of {copied}: name another file for {system}.")
        try:
            follow(db, url, system, cursor) if cursor else begin(db, url, system)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                sys.exit(f"{error.code} {error.read().decode(errors='replace')}")
        except (OSError, EOFError, http.client.HTTPException) as error:
            print(type(error).__name__, file=sys.stderr)
        time.sleep(AGAIN)


if __name__ == "__main__":
    if len(sys.argv) != 4 or "HUB_TOKEN" not in os.environ:
        sys.exit(__doc__)
    main(*sys.argv[1:])
