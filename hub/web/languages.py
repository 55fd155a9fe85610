"""Which of the two languages somebody reads."""

from __future__ import annotations


def language(accepted: str) -> str:
    """``en`` or ``id`` by ``Accept-Language`` (RFC 9110, 12.5.4); Indonesian when neither is wanted more."""
    best, weight = "id", 0.0
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        name = tag.split("-")[0].lower()
        try:
            wanted = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if name in ("id", "en") and wanted > weight:
            best, weight = name, wanted
    return best
