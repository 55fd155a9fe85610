"""Hooks of schemathesis: which errors are valid responses, and arguments that pass the first checks.

schemathesis loads them in its own environment, not the tests.
"""

from __future__ import annotations

import json
import re

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, HookContext, Response
from schemathesis.graphql import nodes

ANSWERS = {"BAD_INPUT", "PAGE_TOO_LARGE", "QUERY_TOO_COMPLEX", "QUERY_TOO_DEEP", "TOO_MANY_ALIASES", "TOO_MANY_TOKENS"}
"""Codes of docs/errors.md that valid input may cause. INTERNAL, TIMEOUT and FORBIDDEN are not among them."""

schemathesis.graphql.scalar("JSON", st.one_of(st.just(nodes.Object([])), st.text().map(nodes.String)))
"""A row of another system, and values that are no row."""

_FIRST = re.compile(r"\bfirst: (-?\d+)")
_AFTER = re.compile(r'\bafter: "(?:[^"\\]|\\.)*"')


@schemathesis.hook
def before_call(context: HookContext, case: Case, **_: object) -> None:
    """Give most pages a valid size and no cursor: a refused request would not test the resolvers."""
    well_typed = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if well_typed and isinstance(case.body, str) and len(case.body) % 8:
        sized = _FIRST.sub(lambda found: f"first: {abs(int(found[1])) % 100 + 1}", case.body)
        case.body = _AFTER.sub("after: null", sized)


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    """Remove documented errors from the response; all others remain and fail."""
    try:
        answer = response.json()
    except ValueError:
        return
    errors = answer.get("errors", []) if isinstance(answer, dict) else []
    if errors and all(error.get("extensions", {}).get("code") in ANSWERS for error in errors):
        del answer["errors"]
        response.content = json.dumps(answer).encode()
