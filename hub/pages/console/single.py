"""Acts whose mutation changes one thing: it is executed for each row that was chosen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hub.pages.console.page import Outcome, Refused, Run, Submitted
from hub.pages.forms import problems_of
from hub.pages.reader import Reader

Result = Mapping[str, Any]


def each_alone(
    document: str,
    argument: str,
    accepted: Callable[[Result], str | None],
    names: Mapping[str, str] | None = None,
    fixed: Mapping[str, object] | None = None,
) -> Callable[[Run, Submitted, Reader], Awaitable[list[Outcome]]]:
    """Return what executes ``document`` for each row, as ``argument`` of its input.

    ``accepted`` returns what to say of a result, None if it is a refusal. ``names`` are the other fields of the input
    by the field of the form, and ``fixed`` those that are always the same.
    """
    own = dict(names or {})

    async def perform(run: Run, form: Submitted, reader: Reader) -> list[Outcome]:
        outcomes = []
        for index, row in enumerate(form.picked):
            values: dict[str, Any] = {**(fixed or {}), argument: row, "idempotencyKey": f"{form.key}-{index}"}
            values |= {field: form.fields.get(name, "").strip() or None for name, field in own.items()}
            result = (await run(document, {"input": values}))["result"]
            wrong = problems_of(result, {field: name for name, field in own.items()}) if "problems" in result else {}
            if len(form.picked) == 1 and wrong and wrong.keys() <= own.keys():
                raise Refused(wrong)
            said = accepted(result)
            outcomes.append(Outcome(row, said is not None, said if said is not None else refusal(result)))
        return outcomes

    return perform


def refusal(result: Result) -> str:
    """Return why a mutation was refused, for people."""
    return " ".join([result["message"], *(each["message"] for each in result.get("problems") or ())])
