"""Actions of the centre, which a person can trigger at the control endpoint of the OSS sandbox."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from hub.connectors.oss.sandbox import codes
from hub.connectors.oss.sandbox.filings import CANCELLATION, REVOCATION, REVOKED, FiledPermit, Filing
from hub.connectors.oss.sandbox.register import Register
from hub.demo.permit_stages import OPEN, OSS_CODES
from hub.demo.permit_types import CENTRE

ACTS = {
    "create": "registers a business with its applications, and notifies the hub",
    "approve": (
        "issues the permit `id_izin`, or an open one that the centre decides and the regional app has (`kd_status`: 50 "
        "by default, 52 or 57), and notifies the hub"
    ),
    "status": "moves the permit `id_izin` to `kd_status`; without a call, unless `notify` is true",
    "licence": "gives the permit `id_izin` another `no_izin`, `tgl_izin` or `tgl_berlaku` (days), and notifies the hub",
    "authority": "makes `kewenangan` (00, 01, 02) decide the permit `id_izin`, and notifies the hub",
    "business": "gives the business `nib` another `nama`, `skala` (01 to 04), `kbli` or `status_nib`; notifies the hub",
    "revoke": "revokes the business `nib` (`tipe_dokumen`: 3, or 4 to cancel it), and notifies the hub",
    "notify": (
        "sends the hub the document of `nib`, or of `reference`, a NIB or an id_izin, as it is; `how`: repeated, "
        "overtaken (the document before its last change follows), yesterday (the token of the day before), npwp (the "
        "token's older form), wrong_token, odd_people, or too_big"
    ),
    "notify_all": "sends the hub the documents of `count` businesses (all) from the number `first` (0) on",
}
HOW = ("", "repeated", "overtaken", "yesterday", "npwp", "wrong_token", "odd_people", "too_big")
_Command = Mapping[str, Any]
_OPEN = frozenset(OSS_CODES[stage] for stage in OPEN)


class Acts:
    """Changes ``register`` as the centre does; ``notify`` is called with each business to send, and how."""

    def __init__(
        self,
        register: Register,
        now: Callable[[], datetime],
        notify: Callable[[Filing, str], None],
        notify_all: Callable[[range], None],
    ) -> None:
        self._register, self._now, self._notify, self._notify_range = register, now, notify, notify_all

    def act(self, command: _Command) -> dict[str, Any]:
        """Do ``command["do"]``; return what it concerns, or raise ``ValueError`` with the reason."""
        known: dict[str, Callable[[_Command], dict[str, Any]]] = {
            "create": self._create,
            "approve": self._approve,
            "status": self._status,
            "licence": self._licence,
            "authority": self._authority,
            "business": self._business,
            "revoke": self._revoke,
            "notify": self._send,
            "notify_all": self._send_all,
        }
        do = known.get(str(command.get("do")))
        if do is None:
            raise ValueError(f"there is no act {command.get('do')!r}")
        return do(command)

    def reach(self, filing: Filing, permit: FiledPermit, code: str, *, notify: bool) -> dict[str, Any]:
        """Move a permit to a status; a status that issues it changes the document too."""
        issues = code in {"50", "52", "57"}

        def apply(each: Filing) -> None:
            target, at = _permit(each, permit.id), self._next(permit.status[1])
            target.reach(code, at)
            if issues:
                target.issue(at)
            if issues or notify:
                each.change(self._next(filing.changed_at))

        changed = self._register.change(filing, apply)
        if notify:
            self._notify(changed, "")
        return self._shown(changed, _permit(changed, permit.id))

    def _create(self, command: _Command) -> dict[str, Any]:
        filing = self._register.create(self._now())
        self._notify(filing, "")
        return self._shown(filing)

    def _approve(self, command: _Command) -> dict[str, Any]:
        code = _one_of(command, "kd_status", ("50", "52", "57"), "50")
        found = self._named_permit(command) if "id_izin" in command else self._open_at_the_centre()
        return self.reach(*found, code, notify=True)

    def _status(self, command: _Command) -> dict[str, Any]:
        known = (*codes.STATUSES, codes.NOT_IN_ANY_LIST[0], codes.REMOVED[0])
        code = _one_of(command, "kd_status", known)
        return self.reach(*self._named_permit(command), code, notify=command.get("notify") is True)

    def _licence(self, command: _Command) -> dict[str, Any]:
        filing, permit = self._named_permit(command)
        issued, until = (_day(command, name) for name in ("tgl_izin", "tgl_berlaku"))

        def apply(each: Filing) -> None:
            target = _permit(each, permit.id)
            target.licence_number = command.get("no_izin", target.licence_number)
            target.issued_on, target.valid_until = issued or target.issued_on, until or target.valid_until

        return self._changed(filing, apply, permit)

    def _authority(self, command: _Command) -> dict[str, Any]:
        level = _one_of(command, "kewenangan", sorted(codes.AUTHORITIES))
        filing, permit = self._named_permit(command)

        def apply(each: Filing) -> None:
            _permit(each, permit.id).authority = level

        return self._changed(filing, apply, permit)

    def _business(self, command: _Command) -> dict[str, Any]:
        filing = self._named(command)
        name, kbli = command.get("nama", filing.name), command.get("kbli", filing.kbli)
        scale = _one_of(command, "skala", ("01", "02", "03", "04"), filing.scale)
        status = _one_of(command, "status_nib", sorted(codes.NIB_STATUSES), filing.status)

        def apply(each: Filing) -> None:
            each.name, each.kbli, each.scale, each.status = name, kbli, scale, status

        return self._changed(filing, apply)

    def _revoke(self, command: _Command) -> dict[str, Any]:
        document_type = _one_of(command, "tipe_dokumen", (REVOCATION, CANCELLATION), REVOCATION)

        def apply(each: Filing) -> None:
            each.status = REVOKED
            each.change(self._now(), document_type)

        filing = self._register.change(self._named(command), apply)
        self._notify(filing, "")
        return self._shown(filing)

    def _send(self, command: _Command) -> dict[str, Any]:
        reference = str(command.get("reference") or command.get("nib")).removeprefix("NIB-")
        found = self._register.with_permit(reference)
        filing = found[0] if found else self._named({"nib": reference})
        self._notify(filing, _one_of(command, "how", HOW, ""))
        return self._shown(filing)

    def _send_all(self, command: _Command) -> dict[str, Any]:
        first = int(command.get("first", 0))
        numbers = range(first, self._register.count)[: int(command.get("count", self._register.count))]
        self._notify_range(numbers)
        return {"businesses": len(numbers)}

    def _changed(
        self, filing: Filing, apply: Callable[[Filing], object], permit: FiledPermit | None = None
    ) -> dict[str, Any]:
        def apply_and_date(each: Filing) -> None:
            apply(each)
            each.change(self._next(filing.changed_at))

        changed = self._register.change(filing, apply_and_date)
        self._notify(changed, "")
        return self._shown(changed, _permit(changed, permit.id) if permit else None)

    def _next(self, before: datetime) -> datetime:
        """Return the present in whole seconds, or the second after ``before``: each change has a time of its own."""
        return max(self._now().replace(microsecond=0), before + timedelta(seconds=1))

    def _open_at_the_centre(self) -> tuple[Filing, FiledPermit]:
        """Return an application that the centre decides, and of which both sides know the same."""
        for number in range(self._register.count):
            permits = self._register.business(number).permits
            known = {
                permit.id for permit in permits if permit.authority == CENTRE and not permit.absent | permit.behind
            }
            filing = self._register.get(number) if known else None
            for permit in filing.permits if filing else ():
                if permit.id in known and permit.authority == CENTRE and permit.status[0] in _OPEN:
                    assert filing
                    return filing, permit
        raise ValueError("the centre has no open permit: name one by id_izin")

    def _named(self, command: _Command) -> Filing:
        filing = self._register.with_nib(str(command.get("nib")))
        if filing is None:
            raise ValueError("there is no business of this nib")
        return filing

    def _named_permit(self, command: _Command) -> tuple[Filing, FiledPermit]:
        found = self._register.with_permit(str(command.get("id_izin")))
        if found is None:
            raise ValueError("there is no permit of this id_izin")
        return found

    def _shown(self, filing: Filing, permit: FiledPermit | None = None) -> dict[str, Any]:
        shown: dict[str, Any] = {"nib": self._register.business(filing.number).nib}
        if permit is None:
            return {**shown, "id_izin": [each.id for each in filing.permits]}
        return {**shown, "id_izin": permit.id, "kd_status": permit.status[0], "kewenangan": permit.authority}


def _permit(filing: Filing, permit_id: str) -> FiledPermit:
    found = filing.permit(permit_id)
    assert found is not None
    return found


def _one_of(command: _Command, name: str, known: Collection[str], default: str | None = "") -> Any:
    """Return a parameter, or ``default`` without one; raise ``ValueError`` if it is none of the known values."""
    value = command.get(name, default)
    if value not in known and (name in command or value == ""):
        raise ValueError(f"{name} is one of {', '.join(known)}")
    return value


def _day(command: _Command, name: str) -> date | None:
    return date.fromisoformat(str(command[name])) if name in command else None
