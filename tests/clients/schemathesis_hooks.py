"""What schemathesis has to know of the hub: which errors are answers, and which arguments lead past the door.

Loaded by schemathesis in its own environment, not by the tests.
"""

from __future__ import annotations

import json
import re

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, HookContext, Response
from schemathesis.graphql import nodes

ANSWERS = {"BAD_INPUT", "PAGE_TOO_LARGE", "QUERY_TOO_COMPLEX", "QUERY_TOO_DEEP", "TOO_MANY_ALIASES", "TOO_MANY_TOKENS"}
"""Codes of the README's table that well-typed input may meet. Not among them: INTERNAL, TIMEOUT, FORBIDDEN."""

schemathesis.graphql.scalar("JSON", st.one_of(st.just(nodes.Object([])), st.text().map(nodes.String)))
"""A row of another system, and what is no row."""

_FIRST = re.compile(r"\bfirst: (-?\d+)")
_AFTER = re.compile(r'\bafter: "(?:[^"\\]|\\.)*"')


@schemathesis.hook
def before_call(context: HookContext, case: Case, **_: object) -> None:
    """Give most pages a size that is allowed and no cursor: a refusal at the door tries nothing behind it."""
    well_typed = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if well_typed and isinstance(case.body, str) and len(case.body) % 8:
        sized = _FIRST.sub(lambda found: f"first: {abs(int(found[1])) % 100 + 1}", case.body)
        case.body = _AFTER.sub("after: null", sized)


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    """Take documented refusals out of the answer; whatever else is in ``errors`` stays and fails."""
    try:
        answer = response.json()
    except ValueError:
        return
    errors = answer.get("errors", []) if isinstance(answer, dict) else []
    if errors and all(error.get("extensions", {}).get("code") in ANSWERS for error in errors):
        del answer["errors"]
        response.content = json.dumps(answer).encode()
