"""The irregularities of a sandbox are on at the start, and can be switched one by one."""

from __future__ import annotations

from typing import Any

import pytest

from hub.connectors.sandbox_traps import Traps

KNOWN = {"blanks": "ids end with blanks", "holes": "fields are missing", "night": "closed at night"}


def test_all_are_on_but_those_that_are_off_at_first() -> None:
    assert Traps(KNOWN, off={"night"}).figures() == {"blanks": True, "holes": True, "night": False}


def test_one_is_switched_and_the_others_stay() -> None:
    traps = Traps(KNOWN)
    assert traps.act({"do": "trap", "name": "holes", "on": False}) == {"blanks": True, "holes": False, "night": True}
    assert (traps.on("blanks"), traps.on("holes")) == (True, False)
    assert traps.act({"do": "trap", "name": "holes", "on": True})["holes"] is True


@pytest.mark.parametrize("on", [False, True])
def test_without_a_name_all_are_switched(on: bool) -> None:
    traps = Traps(KNOWN, off={"night"})
    assert set(traps.act({"do": "trap", "on": on}).values()) == {on}


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ({"name": "hole", "on": True}, "there is no trap 'hole'; the traps are blanks, holes, night"),
        ({"name": "holes"}, "send JSON such as"),
        ({"name": "holes", "on": "false"}, "send JSON such as"),
        ({"name": 5, "on": True}, "send JSON such as"),
    ],
)
def test_a_wrong_command_is_explained(command: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        Traps(KNOWN).act(command)


def test_code_cannot_ask_for_an_unknown_trap() -> None:
    with pytest.raises(KeyError):
        Traps(KNOWN).on("hole")
