"""Records and complaints are counted by their facts as they are written."""

from __future__ import annotations

from alembic import op

from hub.store.migrations import script

revision = "0042"
down_revision = "0041"
compatible = True


def upgrade() -> None:
    """Run the script, and then count what is there, while others write: the difference to what they count meanwhile."""
    script.run(__file__)
    with op.get_context().autocommit_block():
        # A worker of the version before must not add the same difference meanwhile.
        script.execute("select pg_advisory_lock(hashtextextended('complaint totals', 0))")
        script.execute("insert into complaint_totals select * from differing_complaint_totals()")
        script.execute("select pg_advisory_unlock(hashtextextended('complaint totals', 0))")
        # In order, so that no number is locked before all are counted.
        script.execute(
            "insert into record_fact_counts as t"
            " select d.* from systems s cross join lateral differing_fact_counts(s.name) d order by 1, 2, 3, 4, 5, 6"
            " on conflict (kind, by, system, status, secret, facts)"
            " do update set records = t.records + excluded.records"
        )
