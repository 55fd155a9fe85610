"""Attempts are counted by lane; user names get one spelling.

Of names that were two and are now one the oldest user keeps it, and the others get a number behind theirs. Each
name that changes is in the audit trail.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

from hub.store.migrations import script

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Run the script, then spell the names anew."""
    script.run(__file__)
    bind = op.get_bind()
    rows = bind.execute(sa.text("select id, username from users where username is not null order by created_at, id"))
    named = [(user_id, name, _spelled(name)) for user_id, name in rows]
    taken: set[str] = set()
    changed = []
    for user_id, before, spelled in named:
        name = _free(spelled or user_id, taken)
        taken.add(name)
        if name != before:
            changed.append({"id": user_id, "name": name})
    # All at once, so that a name which one gives up can be another's.
    for user in changed:
        bind.execute(sa.text("update users set username = null where id = :id"), user)
    for user in changed:
        bind.execute(sa.text("update users set username = :name where id = :id"), user)
        bind.execute(sa.text(_RECORDED), user)


_RECORDED = """insert into audit_events (action, subject, details, actor, request_id)
values ('users:rename', 'user:' || :id, jsonb_build_object('username', cast(:name as text)), 'migration', '0013')"""


def _spelled(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in numbered if each not in taken)
