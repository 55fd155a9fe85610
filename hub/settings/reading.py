"""Reads settings from environment variables, and reports wrong ones.

Each wrong setting is reported in one sentence with the variable, the problem and how to correct it. Values are never
repeated in it, because they may be secret.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from hub.errors import BadSetting

AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def read_settings(kind: type[AnySettings]) -> AnySettings:
    """Return the settings of ``kind`` from the environment; ``BadSetting`` with a line for each wrong one."""
    try:
        return kind()
    except ValidationError as error:
        wrong = (_sentence(kind, each) for each in error.errors(include_url=False, include_input=False))
        raise BadSetting("\n".join(dict.fromkeys(wrong))) from None


def variable_name(kind: type[BaseSettings], name: str) -> str:
    """Return the environment variable of the field ``name``."""
    return f"{kind.model_config.get('env_prefix', '')}{name}".upper()


def unknown_variables(environ: Mapping[str, str], kinds: Iterable[type[BaseSettings]]) -> list[str]:
    """Return a sentence for each ``HUB_*`` variable that none of ``kinds`` reads, with similar names."""
    known = {variable_name(kind, name) for kind in kinds for name in kind.model_fields}
    sentences = []
    for name in sorted(
        name for name in environ if name.startswith("HUB_") and name.upper() not in known | OTHER_VARIABLES
    ):
        similar = difflib.get_close_matches(name, sorted(known), n=2, cutoff=0.8)
        sentences.append(
            f"{name} is not a setting of the hub" + (f"; is {' or '.join(similar)} meant?" if similar else ".")
        )
    return sentences


OTHER_VARIABLES = frozenset({"HUB_TEST_DATABASE_URL"})
"""Variables of the tests, which are not settings."""


def _sentence(kind: type[BaseSettings], error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return f"{message.rstrip('.')}."
    name = str(error["loc"][0])
    meaning = describe(kind, name)
    fix = f"set it to {meaning}" if meaning else "see the connector's README"
    return f"{variable_name(kind, name)} is wrong ({message[0].lower()}{message[1:]}): {fix}."


def describe(kind: type[BaseSettings], name: str) -> str | None:
    """Return the description of the variable, without the part on its default."""
    description = kind.model_fields[name].description if name in kind.model_fields else None
    return description.partition(";")[0] if description else None
