"""Finds values that the hub sends and LAPOR's masters lack; a setting or LAPOR's operators can add them."""

from __future__ import annotations

from collections.abc import Iterable

from hub.complaints.enums import ComplaintClass
from hub.connectors.lapor import labels
from hub.connectors.lapor.client import LaporClient, LaporSettings, ListMissing
from hub.contract import Raw


async def missing_reference_data(settings: LaporSettings, client: LaporClient) -> list[str]:
    """Return one sentence for each missing value."""
    return [
        *await _templates(settings, client),
        *await _ids(client, "channels", "HUB_LAPOR_CHANNEL", [settings.channel]),
        *await _ids(client, "categories", "HUB_LAPOR_CATEGORY", [settings.category]),
        *await _ids(client, "institutions/external", "HUB_LAPOR_INSTITUTIONS", settings.institutions),
        *await _classes(client),
        *await _province(client),
    ]


async def _templates(settings: LaporSettings, client: LaporClient) -> list[str]:
    rows = await _rows(client, "templates")
    if rows is None:
        return ["LAPOR lists no templates, so the configured codes are sent unchecked"]
    configured = {
        "HUB_LAPOR_ANSWER_TEMPLATE": settings.answer_template,
        "HUB_LAPOR_FOLLOWUP_TEMPLATE": settings.followup_template,
    }
    known = ", ".join(sorted(code for row in rows if isinstance(code := row.get("template_code"), str))) or "none"
    return [
        f"LAPOR has no template {' or '.join(codes)}, so none is sent: set {variable} to one of {known}"
        for variable, codes in configured.items()
        if labels.template(rows, codes) is None
    ]


async def _ids(client: LaporClient, master: str, variable: str, configured: Iterable[int | None]) -> list[str]:
    numbers = [number for number in configured if number is not None]
    rows = await _rows(client, master) if numbers else []
    missing = [str(number) for number in numbers if rows is not None and not labels.has_id(rows, number)]
    return [f"LAPOR's master {master} has no id {', '.join(missing)}: correct {variable}"] if missing else []


async def _classes(client: LaporClient) -> list[str]:
    rows = await _rows(client, "classifications") or []
    missing = [one.label_id for one in ComplaintClass if labels.classification_id(rows, one.value) is None]
    return [f"LAPOR's master classifications has no {', '.join(missing)}, so it is sent without"] if missing else []


async def _province(client: LaporClient) -> list[str]:
    rows = await _rows(client, "locations") or []
    sentence = (
        f"LAPOR's master locations has no code {labels.PROVINCE}, so reports of no regency are sent without a place"
    )
    return [] if labels.location_id(rows, None) else [sentence]


async def _rows(client: LaporClient, master: str) -> list[Raw] | None:
    try:
        return await client.master(master)
    except ListMissing:
        return None
