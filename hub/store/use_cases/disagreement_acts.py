"""One disagreement and what a person does about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.agreement.acts import Act, DisagreementAct
from hub.agreement.enums import AgreementState, DifferenceCause
from hub.agreement.pairs import PAIRS
from hub.complaints.shared_fields import ConflictResolution
from hub.messages import Bilingual
from hub.store import audit, job_queue
from hub.store.agreement import refresh
from hub.store.database import Cause
from hub.store.idempotency import Completed
from hub.store.queries.entity import Row
from hub.store.tables.sync import deliveries
from hub.store.use_cases import conflicts, delivery_decisions
from hub.store.use_cases.conflicts import Decision
from hub.viewer import Viewer

ASSIGN = "complaints:assign"
"""The scope to decide conflicts of complaints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was done, or would be done, about one matter; if it is not ``accepted``, nothing, and why."""

    matter_id: int
    accepted: bool
    message: Bilingual


class _Refused(Exception):
    """The act cannot be done about this matter."""

    def __init__(self, english: str, indonesian: str) -> None:
        super().__init__(Bilingual(english, indonesian))

    @property
    def message(self) -> Bilingual:
        """The reason."""
        message: Bilingual = self.args[0]
        return message


class MatterAct:
    """One disagreement and the act about it."""

    def __init__(
        self, db: AsyncConnection, cause: Cause, viewer: Viewer, act: Act, row: Row, differences: Sequence[Row]
    ) -> None:
        self._db, self._cause, self._viewer, self._act = db, cause, viewer, act
        self._row, self._differences = row, differences
        self._id: int = row["id"]

    async def resolve(self, *, preview: bool) -> Result:
        """Do the act unless it is a ``preview``; return what is done, or why nothing is."""
        try:
            if self._row["state"] == AgreementState.AGREED:
                raise _Refused("Both sides agree already.", "Kedua pihak sudah sesuai.")
            match self._act.kind:
                case DisagreementAct.TELL_AGAIN:
                    message = await self._tell_again(preview=preview)
                case DisagreementAct.IGNORE_UNTIL:
                    message = await self._ignore(preview=preview)
                case DisagreementAct.CONFIRM_MATCH:
                    message = await self._confirm(preview=preview)
                case DisagreementAct.ACCEPT_OTHER | DisagreementAct.KEEP:
                    message = await self._decide(preview=preview)
        except _Refused as refused:
            return Result(matter_id=self._id, accepted=False, message=refused.message)
        return Result(matter_id=self._id, accepted=True, message=message)

    async def _tell_again(self, *, preview: bool) -> Bilingual:
        if self._row["complaint_id"] is not None:
            return await self._retry_deliveries(preview=preview)
        receiver = self._receiver()
        if self._row["decision"] is None or receiver is None:
            raise self._nothing_to_send()
        if self._row["telling"] == "SENDING":
            raise _Refused(f"It is being sent to {receiver} now.", f"Sedang dikirim ke {receiver}.")
        if not preview:
            await refresh.lock_matter(self._db, self._id)
            await self._db.execute(text(_TELL_AGAIN), {"id": self._id})
            await self._record()
            await refresh.refresh_matter(self._db, self._id, self._cause.actor)
            await job_queue.enqueue_deliveries(self._db, [receiver])
        decider = self._decider()
        return Bilingual(
            f"The value of {decider} is sent to {receiver}.", f"Nilai dari {decider} dikirim ke {receiver}."
        )

    async def _retry_deliveries(self, *, preview: bool) -> Bilingual:
        system = self._row["right_system"]
        of = deliveries.c.complaint_id == self._row["complaint_id"], deliveries.c.system == system
        blocked = select(deliveries.c.key).where(*of, deliveries.c.state == "BLOCKED").order_by(deliveries.c.sequence)
        keys = list(await self._db.scalars(blocked))
        if not keys:
            raise _Refused(
                f"No delivery of this complaint to {system} is blocked.",
                f"Tidak ada pengiriman aduan ini ke {system} yang tertahan.",
            )
        if not preview:
            for key in keys:
                await delivery_decisions.retry(self._db, self._cause, self._viewer, key)
            await self._record()
        return Bilingual(
            f"Blocked deliveries to {system} are sent again: {', '.join(keys)}.",
            f"Pengiriman yang tertahan ke {system} dikirim ulang: {', '.join(keys)}.",
        )

    async def _ignore(self, *, preview: bool) -> Bilingual:
        until = self._act.until
        assert until is not None
        if not preview:
            await self._db.execute(text(_IGNORE), {"id": self._id, "until": until})
            await self._record()
        at = until.isoformat(timespec="seconds")
        return Bilingual(f"It is ignored until {at}, or until it changes.", f"Diabaikan sampai {at} atau berubah.")

    async def _confirm(self, *, preview: bool) -> Bilingual:
        row, record = self._row, self._act.record
        if row["complaint_id"] is not None:
            raise _Refused(
                "Reports are linked to complaints with `resolveClaim`.",
                "Laporan ditautkan ke aduan dengan `resolveClaim`.",
            )
        left, right = (row["left_id"], record) if row["left_id"] is not None else (record, row["right_id"])
        names = {"left_system": row["left_system"], "right_system": row["right_system"], "left": left, "right": right}
        await self._check_records(names)
        if not preview:
            await refresh.lock_matter(self._db, self._id)
            await self._db.execute(text(_CONFIRM), {**names, "actor": self._cause.actor})
            await refresh.refresh(self._db, row["left_system"], [str(left)], self._cause.actor)
            await refresh.refresh(self._db, row["right_system"], [str(right)], self._cause.actor)
            # The matter of a record without the key ends where it becomes a side of the other one.
            self._id = await self._db.scalar(text(_SURVIVING), {**names, "pair": row["pair"]}) or self._id
            await self._record()
        return Bilingual(
            f"{left} at {row['left_system']} and {right} at {row['right_system']} are the same matter.",
            f"{left} di {row['left_system']} dan {right} di {row['right_system']} adalah perkara yang sama.",
        )

    async def _check_records(self, names: Mapping[str, Any]) -> None:
        pair = self._row["pair"]
        found = (await self._db.execute(text(_RECORDS), {**names, "kind": pair, "key": PAIRS[pair].key})).one()
        for exists, system, id_ in (
            (found.left, names["left_system"], names["left"]),
            (found.right, names["right_system"], names["right"]),
        ):
            if not exists:
                raise _Refused(f"There is no record {id_} of {system}.", f"Tidak ada catatan {id_} dari {system}.")
        if found.stated is not None and found.stated != names["left"]:
            raise _Refused(
                f"{names['right']} names {found.stated} itself, so it must be corrected at {names['right_system']}.",
                f"{names['right']} menyebut {found.stated}, jadi harus diperbaiki di {names['right_system']}.",
            )

    async def _decide(self, *, preview: bool) -> Bilingual:
        if self._row["complaint_id"] is None:
            raise self._decided_elsewhere()
        fields = [each["field"] for each in self._differences if each["cause"] == DifferenceCause.CONFLICT]
        if not fields:
            raise _Refused("No field of it waits for a person.", "Tidak ada bidang yang menunggu petugas.")
        if not self._viewer.may(ASSIGN):
            raise _Refused(f"This requires the scope {ASSIGN}.", f"Ini memerlukan cakupan {ASSIGN}.")
        accept = self._act.kind is DisagreementAct.ACCEPT_OTHER
        if not preview:
            async with self._db.begin_nested():
                await self._resolve_conflicts(fields, accept=accept)
            await self._record()
        system = self._row["right_system"] if accept else "hub"
        names = ", ".join(fields)
        return Bilingual(f"The value of {system} applies to {names}.", f"Nilai dari {system} berlaku untuk {names}.")

    async def _resolve_conflicts(self, fields: Sequence[str], *, accept: bool) -> None:
        resolution = ConflictResolution.ACCEPT_REMOTE if accept else ConflictResolution.KEEP_LOCAL
        for field in fields:
            decision = Decision(self._row["ticket"], self._row["right_system"], field, resolution)
            done = await conflicts.resolve(self._db, self._cause, self._viewer, decision)
            if done is None:
                raise _Refused("The complaint is not available to you.", "Aduan tidak tersedia bagi Anda.")
            if not isinstance(done, Completed):
                raise _Refused(done.message, getattr(done.message, "indonesian", done.message))

    def _decided_elsewhere(self) -> _Refused:
        decider = self._decider()
        if decider is None:
            return _Refused(
                "It is unknown which system decides this permit; correct it in one of the two systems.",
                "Tidak diketahui sistem mana yang memutuskan izin ini; perbaiki di salah satu sistem.",
            )
        return _Refused(
            f"{decider} decides this permit: change it there, or use TELL_AGAIN to send its value again.",
            f"{decider} yang memutuskan izin ini: ubah di sana, atau gunakan TELL_AGAIN untuk mengirim ulang nilainya.",
        )

    def _nothing_to_send(self) -> _Refused:
        receiver, decider = self._receiver(), self._decider()
        if receiver is None:
            return self._decided_elsewhere()
        return _Refused(
            f"Nothing can be sent to {receiver}: it accepts no value that differs from {decider}.",
            f"Tidak ada yang dapat dikirim ke {receiver}: sistem itu tidak menerima nilai yang berbeda dari {decider}.",
        )

    def _decider(self) -> str | None:
        side = self._row["decider"]
        return self._row[f"{side.lower()}_system"] if side else None

    def _receiver(self) -> str | None:
        side = self._row["decider"]
        return None if side is None else self._row["right_system" if side == "LEFT" else "left_system"]

    async def _record(self) -> None:
        """Add the act to the history and to the audit trail."""
        await self._db.execute(text(_RECORD), {"id": self._id, "actor": self._cause.actor, "note": self._act.note})
        await audit.record(self._db, "disagreements:resolve", f"matter:{self._id}", act=self._act.kind.value)


# A decision that was sent gets a new key; one that never was keeps its key, so that a repeat is recognised.
_TELL_AGAIN = """
with told as (
    update decisions set state = 'WAITING', times = times + (state = 'DONE')::int, attempts = 0, due_at = now(),
        done_at = null, trouble = null
    where matter_id = :id and state <> 'SENDING')
update matters set pending_until = null, ignored_until = null where id = :id
"""
_IGNORE = "update matters set ignored_until = :until where id = :id"
# At the time of the transaction, so that an act is before the changes that it causes.
_RECORD = """
insert into agreement_events (matter_id, state, cause, fields, actor, note)
select m.id, m.state, m.cause,
    coalesce((select array_agg(field) from differences where matter_id = m.id), '{}'), :actor, :note
from matters m where m.id = :id
"""
_RECORDS = """
select exists (select from records where system = :left_system and kind = :kind and external_id = :left
               and gone_at is null) as left,
       exists (select from records where system = :right_system and kind = :kind and external_id = :right
               and gone_at is null) as right,
       (select body ->> :key from records where system = :right_system and kind = :kind and external_id = :right
        and gone_at is null) as stated
"""
_CONFIRM = """
with earlier as (
    delete from confirmed_matches
    where left_system = :left_system and right_system = :right_system and left_id = :left and right_id <> :right)
insert into confirmed_matches (left_system, right_system, left_id, right_id, actor)
values (:left_system, :right_system, :left, :right, :actor)
on conflict (left_system, right_system, right_id) do update
    set left_id = excluded.left_id, actor = excluded.actor, at = now()
"""
_SURVIVING = """
select id from matters
where pair = :pair and left_system = :left_system and right_system = :right_system and left_id = :left
"""
