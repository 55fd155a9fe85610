"""The arguments of everything that reads the feed, checked alike: the query, the subscription and the plain stream."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import Forbidden
from hub.schema.arguments import NUL_NOT_ALLOWED, BadArgument
from hub.store.feed import cursors, pages
from hub.store.feed.sequence import HUB
from hub.store.queries import visibility
from hub.store.queries.cursors import InvalidCursor
from hub.store.queries.lookup import is_storable_text
from hub.streams.handover import Filter
from hub.viewer import Viewer

NOW = "now"
"""What stands for the cursor behind all changes there are."""
MAX_SUBJECTS = 100


def check_systems(viewer: Viewer, systems: Sequence[str] | None) -> None:
    """Raise ``Forbidden`` if the viewer may follow no system, ``BadArgument`` if it may not follow one of ``systems``.

    The error is the same for a system that does not exist.
    """
    if not all(map(is_storable_text, systems or ())):
        raise BadArgument(*NUL_NOT_ALLOWED)
    if not pages.may_follow_any(viewer):
        raise Forbidden(visibility.READ)
    if unknown := [name for name in systems or () if not pages.may_follow(viewer, name)]:
        sync, hub = f"{visibility.SYNC}<system>", f"{HUB} {visibility.READ}"
        raise BadArgument(
            f"There is no system {unknown[0]!r} that you may follow; following one takes {sync}, and {hub}.",
            f"Tidak ada sistem {unknown[0]!r} yang boleh Anda ikuti; untuk itu perlu {sync}, dan {hub}.",
        )


def check_kinds(known: Sequence[str], kinds: Sequence[str] | None) -> None:
    """Raise ``BadArgument`` if one of ``kinds`` is neither ``complaint`` nor in ``known``."""
    known = ["complaint", *known]
    if unknown := [kind for kind in kinds or () if kind not in known]:
        names = ", ".join(known)
        raise BadArgument(
            f"There is no kind {unknown[0]!r}; there are {names}.", f"Tidak ada jenis {unknown[0]!r}; yang ada {names}."
        )


def position_after(after: str | None) -> cursors.Positions | None:
    """Return the positions of a cursor, None without one and for ``now``; raises ``BadArgument``."""
    try:
        return None if after in (None, NOW) else cursors.decode(after or "")
    except InvalidCursor as bad:
        raise BadArgument.from_error(bad) from None


def stream_filter(
    viewer: Viewer,
    known: Sequence[str],
    *,
    kinds: Sequence[str] | None,
    systems: Sequence[str] | None,
    subjects: Sequence[str] | None,
) -> Filter:
    """Return the filter of a stream for ``viewer``; raises ``BadArgument`` or ``Forbidden``."""
    check_systems(viewer, systems)
    check_kinds(known, kinds)
    if len(subjects or ()) > MAX_SUBJECTS:
        raise BadArgument(f"`subjects` takes at most {MAX_SUBJECTS}.", f"`subjects` paling banyak {MAX_SUBJECTS}.")
    if not all(map(is_storable_text, subjects or ())):
        raise BadArgument(*NUL_NOT_ALLOWED)
    return Filter(*(None if values is None else frozenset(values) for values in (systems, kinds, subjects)))
