"""Reads the forms of the pages: their fields, and that they were filled in here."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.messages import Bilingual

MAX_FIELDS = 30
"""The maximum number of fields in a form."""
_FOREIGN = Bilingual("The form came from another site.", "Formulir dikirim dari situs lain.")
_UNREADABLE = Bilingual("The form cannot be read.", "Formulir tidak dapat dibaca.")


async def read_form(request: Request, origin: str) -> dict[str, str]:
    """Return the fields of a form of this hub, whose origin is ``origin``; of a repeated field the last value.

    The pages set no cookie and know no session, so that another site can do nothing in a reader's name; a form from
    there is refused all the same (403). Raises 400 for one that cannot be read.
    """
    sent = request.headers.get("origin")
    own = {origin, str(request.base_url).rstrip("/"), None}
    if sent not in own or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(403, _FOREIGN)
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise HTTPException(400, _UNREADABLE) from None
    # PostgreSQL stores no NUL, and a browser sends lines with CR LF.
    return {name: value.replace("\0", "").replace("\r\n", "\n") for name, value in pairs}


def problems_of(result: Mapping[str, object], names: Mapping[str, str]) -> dict[str, str]:
    """Return the problems of a refused mutation by field of the form; ``names`` maps fields of the graph to those."""
    problems = result.get("problems")
    if not isinstance(problems, list):
        return {"": str(result["message"])}
    return {names.get(each["field"], each["field"].rpartition(".")[2]): each["message"] for each in problems}
