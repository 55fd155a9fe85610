"""What everybody may know of a permit."""

from __future__ import annotations

from typing import Any

from hub.schema.graph import schema
from tests.fake_connector import permit
from tests.schema.agreement.conftest import Region, Registers
from tests.schema.harness import ANONYMOUS

QUERY = """query($n: String!) {permitFacts(number: $n) {
    typeCode sector authority agencyCode areaCode status statusLabel statusSince agreed}}"""


async def _facts(registers: Registers, number: str) -> Any:
    return (await registers.got(QUERY, ANONYMOUS, n=number))["permitFacts"]


async def test_the_public_sees_the_facts_of_the_deciding_side(registers: Registers) -> None:
    await registers.differ("I-1")
    await registers.stage.run("update systems set visible_to = 'some:scope'")
    facts = await _facts(registers, "I-1")
    assert (facts["status"], facts["agreed"], facts["authority"]) == ("ISSUED", False, "CENTRE")
    assert (facts["agencyCode"], facts["areaCode"], facts["sector"]) == ("DISHUB", "33.74", "EDUCATION")
    assert facts["statusSince"].startswith("2026-01-03")
    await registers.say(Region, permit("I-1", authority="CENTRE", status="ISSUED", version=2))
    assert (await _facts(registers, "I-1"))["agreed"] is True


async def test_the_region_decides_its_own_permits(registers: Registers) -> None:
    await registers.differ("I-1")
    await registers.stage.run("update matters set decider = 'RIGHT'")
    assert (await _facts(registers, "I-1"))["status"] == "VERIFICATION"


async def test_what_is_no_registers_or_is_secret_is_not_found(registers: Registers) -> None:
    await registers.stage.records(permit("I-9"))
    await registers.differ("I-1")
    await registers.stage.run("update records set secret = true where external_id = 'I-1'")
    for number in ("I-9", "I-1", "none", "\0"):
        assert await _facts(registers, number) is None


def test_the_facts_name_no_business() -> None:
    fields = schema()._schema.type_map["PermitFacts"].fields  # type: ignore[attr-defined]
    assert fields.keys().isdisjoint({"nib", "number", "applicationNumber", "permitId", "projectId", "business", "id"})
