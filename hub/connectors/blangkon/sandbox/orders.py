"""The sandbox's orders of a year, in rows with the irregularities of the real feed.

Contract shared#traps.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hub.complaints.agencies import AGENCIES
from hub.connectors.blangkon.agency_codes import SATKER
from hub.connectors.blangkon.mapping import JAKARTA, STATUS_FIELD
from hub.connectors.blangkon.sandbox.goods import BUYERS, FAILURES, goods
from hub.contract import Raw
from hub.demo.suppliers import suppliers
from hub.demo.world import SEED, CitedOrder, DemoWorld

SIZE = 5_000
"""How many orders the sandbox has by default."""
_PREFIX = {"GratisOngkir": "GO", "mbiz market": "MB", "Tisera": "TS"}
_CODES = {agency: satker for satker, agency in SATKER.items()}
_UNITS = {agency.code: f"{agency.name} Provinsi Jawa Tengah".upper() for agency in AGENCIES}
_SCHOOLS = ("SMA Negeri 21 Contoh", "SMK Negeri 9 Rekaan", "SLB Negeri Umpama")
_UNKNOWN_UNITS = ("Kelompok Kerja Pameran Karangan", "Panitia Misalan")


@dataclass
class Feed:
    """The rows of one year. A row that changes takes a new, higher place, so a reader never misses one."""

    rows: list[tuple[int, Raw]] = field(default_factory=list)
    last: int = 0

    def append(self, row: Raw) -> None:
        """Add ``row`` at the end."""
        self.last += 1
        self.rows.append((self.last, row))

    def move(self, index: int, **changes: Any) -> None:
        """Change the row at ``index`` of ``rows``, and move it to the end."""
        _, row = self.rows.pop(index)
        self.append({**row, **changes})

    def after(self, place: int) -> int:
        """Return the index of the first row after ``place``."""
        return bisect_right(self.rows, place, key=lambda entry: entry[0])


class Orders:
    """All rows, by year; deterministic from the demo world's seed and day."""

    def __init__(self, world: DemoWorld, klpd: str, size: int = SIZE) -> None:
        today = world.today
        self._rng = Random(f"blangkon {SEED} {today}")
        self._klpd = klpd
        self._agencies = [agency.code for agency in AGENCIES if agency.valid_to is None or agency.valid_to > today]
        self._number = 0
        self.feeds: dict[int, Feed] = {}
        end = datetime(today.year, today.month, today.day, tzinfo=JAKARTA)
        rows = [row for row in self._history(world, size, end) if row[0] <= end]
        for _, row in sorted(rows, key=lambda row: row[0]):
            self.feed(int(row["tahun"])).append(row)

    def feed(self, year: int) -> Feed:
        """Return the feed of ``year``, empty without orders."""
        return self.feeds.setdefault(year, Feed())

    def order(self, now: datetime) -> None:
        """Add a new order."""
        agency = self._rng.choice(self._agencies)
        self.feed(now.year).append(self._row(self._next_id(now), agency, now) | {STATUS_FIELD: ""})

    def confirm(self) -> None:
        """Confirm a waiting order, which moves its row to the end of its year."""
        for year in sorted(self.feeds, reverse=True):
            feed = self.feeds[year]
            for index, (_, row) in enumerate(feed.rows):
                if row[STATUS_FIELD] == "":
                    feed.move(index, **self._outcome())
                    return

    def _history(self, world: DemoWorld, size: int, end: datetime) -> Iterator[tuple[datetime, Raw]]:
        """Yield the year's rows, each with its time in the feed."""
        cited = {found.order.order_id: found.order for found in world.citing if found.order}
        for place in range(size - len(cited)):
            at = end - timedelta(seconds=self._rng.randrange(365 * 86_400))
            # The first orders go round all agencies, so that each has several.
            agency = self._agencies[place % len(self._agencies)] if place < 1_000 else self._rng.choice(self._agencies)
            yield from self._rows_of_order(CitedOrder(self._next_id(at), agency, at), end)
        for order in cited.values():
            yield from self._rows_of_order(order, end)

    def _rows_of_order(self, order: CitedOrder, end: datetime) -> Iterator[tuple[datetime, Raw]]:
        """Yield one row, or two for one in fifty: the earlier with an older, the same or another result."""
        at = order.ordered_at.astimezone(JAKARTA)
        row = self._row(order.order_id, order.agency_code, at)
        changed = at + timedelta(hours=self._rng.randrange(1, 240))
        final = row | self._outcome()
        if changed > end:
            yield at, row | {STATUS_FIELD: ""}
            return
        if self._rng.random() < 0.02:
            failed = {STATUS_FIELD: "gagal", "keterangan_ppmse": FAILURES[0]}
            yield at, row | self._rng.choices(({STATUS_FIELD: ""}, final, failed), (5, 4, 1))[0]
        yield changed, final

    def _row(self, order_id: str, agency: str, at: datetime) -> Raw:
        return {
            "tahun": at.year,
            "kd_klpd": self._klpd,
            "nama_klpd": "Provinsi Jawa Tengah",
            **self._unit(agency),
            "order_id": order_id,
            **goods(self._rng),
            "metode_bayar": "transfer",
            "tanggal_transaksi": f"{at:%Y-%m-%d %H:%M:%S}",
            **self._seller(),
            "jenis_transaksi": "bela",
            "nama_pemesan": self._rng.choice(BUYERS),
            "status_verif": "verified",
            STATUS_FIELD: "",
            "keterangan_ppmse": None,
            "sumber_data": "api_v3",
        }

    def _unit(self, agency: str) -> Raw:
        """Return the buying unit: sometimes without its code, a school, or an unknown unit."""
        chance = self._rng.random()
        if chance < 0.002:
            return {"kd_satker": "", "nama_satker": self._rng.choice(_UNKNOWN_UNITS)}
        if agency == "DISDIKBUD" and chance < 0.3:
            return {"kd_satker": "", "nama_satker": self._rng.choice(_SCHOOLS)}
        return {"kd_satker": "" if chance < 0.05 else _CODES[agency], "nama_satker": _UNITS[agency]}

    def _seller(self) -> Raw:
        """Return the seller's columns; a third of the rows use the other column for the name."""
        supplier = self._rng.choice(suppliers())
        column = "nama_merchant" if self._rng.random() < 1 / 3 else "merchant_name"
        return {
            "marketplace": supplier.marketplace,
            column: supplier.name,
            "kota_kab": supplier.town,
            "provinsi": "Jawa Tengah",
        }

    def _outcome(self) -> Raw:
        chance = self._rng.random()
        if chance < 0.002:
            return {STATUS_FIELD: "retur", "keterangan_ppmse": None}
        if chance < 0.08:
            return {STATUS_FIELD: "gagal", "keterangan_ppmse": self._rng.choice(FAILURES)}
        return {STATUS_FIELD: "selesai", "keterangan_ppmse": None}

    def _next_id(self, at: datetime) -> str:
        self._number += 1
        return f"{self._rng.choice(tuple(_PREFIX.values()))}-{at:%y%m}-{self._number:06d}"
