"""The rows of the perizinan sandbox in the order of the listing: by the time of the last change, then by id."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from hub.connectors.perizinan.sandbox.applications import CREATED, Application, Applications, Place
from hub.demo.businesses import BusinessWorld

_APPLICATION = TypeAdapter(Application)
_ANSWER = "kunci "
Answer = tuple[int, Any]
"""An HTTP status and a body."""


class ApplicationStore:
    """Rows that never changed are computed when they are read; changed ones are kept, and passed to ``record``."""

    def __init__(self, world: BusinessWorld, record: Callable[[str, Any], None] = lambda name, state: None) -> None:
        self._record, self._applications = record, Applications(world)
        self._kept: dict[int, Application] = {}
        self._answers: dict[str, Answer] = {}
        self._created = 0
        rows = list(self._applications.places())
        self._order = sorted(place for place, _ in rows)
        self._places = {place[1]: place for place in self._order}
        self._by_permit = {id_izin: id_ for (_, id_), id_izin in rows if id_izin}

    def __len__(self) -> int:
        return len(self._order)

    def get(self, id_: int) -> Application | None:
        """Return the row of that id; change it only through ``change``."""
        if id_ not in self._places:
            return None
        return self._kept.get(id_) or self._applications.one(id_)

    def with_permit(self, id_izin: str) -> Application | None:
        """Return the row of a permit, even if the row does not show the permit's id."""
        id_ = self._by_permit.get(id_izin)
        return None if id_ is None else self.get(id_)

    def after(self, place: Place) -> Iterator[int]:
        """Yield the ids of rows after a place in the listing."""
        yield from (id_ for _, id_ in self._order[bisect_right(self._order, place) :])

    def since(self, at: datetime) -> Iterator[int]:
        """Yield the ids of rows that changed at ``at`` or later."""
        yield from (id_ for _, id_ in self._order[bisect_left(self._order, (int(at.timestamp()), 0)) :])

    def ids(self) -> list[int]:
        """Return every id."""
        return [id_ for _, id_ in self._order]

    def change(self, application: Application, at: datetime, apply: Callable[[Application], object]) -> Application:
        """Apply a change made at ``at``, and return the changed row; each change of a row has a second of its own."""
        changed = replace(deepcopy(application), touched=True)
        apply(changed)
        changed.diubah_pada = max(at.replace(microsecond=0), application.diubah_pada + timedelta(seconds=1))
        self._put(changed)
        return changed

    def create(self, make: Callable[[int], Application]) -> Application:
        """Add the row that ``make`` returns for a new id."""
        self._created += 1
        created = make(CREATED + self._created)
        self._put(created)
        return created

    def remove(self, application: Application) -> None:
        """Take a row away."""
        self._drop(application.id)
        self._record(f"{application.id}", None)

    def first_answer(self, key: str) -> Answer | None:
        """Return the answer that a call with this ``kunci`` got."""
        return self._answers.get(key)

    def keep_answer(self, key: str, answer: Answer) -> Answer:
        """Keep the answer for calls with the same ``kunci``."""
        self._answers[key] = answer
        self._record(f"{_ANSWER}{key}", list(answer))
        return answer

    def restore(self, states: Mapping[str, Any]) -> None:
        """Restore what ``record`` was called with."""
        for name, state in states.items():
            if name.startswith(_ANSWER):
                self._answers[name.removeprefix(_ANSWER)] = (state[0], state[1])
            elif state is None:
                self._drop(int(name))
            else:
                self._load(_APPLICATION.validate_python(state))

    def _put(self, application: Application) -> None:
        self._load(application)
        self._record(f"{application.id}", _APPLICATION.dump_python(application, mode="json"))

    def _load(self, application: Application) -> None:
        self._drop(application.id)
        insort(self._order, application.place)
        self._places[application.id] = application.place
        self._kept[application.id] = application
        if application.id_izin:
            self._by_permit[application.id_izin] = application.id
        if application.id > CREATED:
            self._created = max(self._created, application.id - CREATED)

    def _drop(self, id_: int) -> None:
        if (row := self.get(id_)) is None:
            return
        del self._order[bisect_left(self._order, self._places.pop(id_))]
        self._kept.pop(id_, None)
        if row.id_izin and self._by_permit.get(row.id_izin) == id_:
            del self._by_permit[row.id_izin]
