"""Text search finds a row by words that the viewer may read in it, and by no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import make_url, select

from hub.store.queries import text_search
from hub.store.tables import complaints, records
from hub.viewer import ANONYMOUS, Viewer
from tests.fake_connector import report
from tests.schema.harness import CAUSE, OFFICER, Stage
from tests.schema.visibility_cases import PARTNER

LIST = """query($s: String!, $first: Int, $after: String, $last: Int, $before: String) {
  complaints(filter: {search: $s}, first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo {hasNextPage hasPreviousPage startCursor endCursor} nodes {ticket}}}"""
REPORTS = "query($s: String!) {centralReports(filter: {search: $s}) {totalCount nodes {trackingId}}}"
STRANGER = replace(PARTNER, name="client:other")


@pytest.fixture(scope="module")
async def tickets(shared: Stage) -> dict[str, str]:
    """Complaints by what distinguishes them."""
    words: dict[str, dict[str, Any]] = {
        "plain": {"title": "Jalan berlubang di Simpang Lima", "text": "Banyak kendaraan terperosok ke parit."},
        "masked": {"title": "Hubungi sopirku di 0812-3456-7890 segera", "text": "Bus terlambat."},
        "secret": {"title": "Pungutan liar juru parkir", "text": "Disetor ke bendahara.", "secret": True},
        "anonymous": {"title": "Lampu padam", "text": "Saya tetangga Pak Wiryo.", "anonymous": True},
    }
    made = {name: await shared.complaint("ASSIGNED", by=PARTNER, **over) for name, over in words.items()}
    made["new"] = await shared.complaint("RECEIVED", title="Halte roboh", text="Tertimpa pohon.", by=PARTNER)
    await shared.records(
        report("1", title="Sampah menumpuk", content="Baunya menyengat."),
        report("2", title="Gratifikasi", content="Amplop cokelat.", secret=True),
    )
    return made


async def found(stage: Stage, viewer: Viewer, *searches: str) -> list[set[str]]:
    """Return what each search finds in a list, whose count must agree, and in some links; in few requests."""
    rows: list[set[str]] = []
    for chunk in (searches[start : start + 12] for start in range(0, len(searches), 12)):
        names = [f"$s{n}: String!" for n, _ in enumerate(chunk)]
        lists = [f"s{n}: complaints(filter: {{search: $s{n}}}) {{...Found}}" for n, _ in enumerate(chunk)]
        links = [f"l{n}: complaints(filter: {{search: $s{n}}}) {{...Found}}" for n in range(0, len(chunk), 4)]
        query = f"""query({", ".join(names)}) {{ {" ".join(lists)} agency(code: "DISHUB") {{ {" ".join(links)} }} }}
            fragment Found on ComplaintConnection {{totalCount nodes {{ticket}}}}"""
        data = await stage.got(viewer, query, **{f"s{n}": search for n, search in enumerate(chunk)})
        for n, _ in enumerate(chunk):
            listed = data[f"s{n}"]
            tickets = {node["ticket"] for node in listed["nodes"]}
            assert listed["totalCount"] == len(listed["nodes"]) == len(tickets)
            if linked := data["agency"].get(f"l{n}"):
                assert linked["totalCount"] == len(linked["nodes"])
                assert {node["ticket"] for node in linked["nodes"]} <= tickets
            rows.append(tickets)
    return rows


READERS, PUBLIC = {OFFICER, PARTNER}, {ANONYMOUS, STRANGER}
FOUND: list[tuple[str, str, set[Viewer]]] = [
    ("plain", "lubang", READERS | PUBLIC),  # the stem of a word in the title
    ("plain", '"simpang lima"', READERS | PUBLIC),
    ("plain", "sungai or JALAN", READERS | PUBLIC),
    ("plain", "parit", READERS),
    ("plain", "jalan parit", READERS),
    ("masked", "sopirku segera", READERS | PUBLIC),
    ("masked", "0812-3456-7890", READERS),
    ("masked", "0812", READERS),
    ("anonymous", "lampu", READERS | PUBLIC),
    ("anonymous", "wiryo", READERS),
    ("secret", "pungutan", set()),
    ("secret", "bendahara", set()),
    ("new", "halte roboh", READERS),
    ("new", "pohon", READERS),
]


async def test_a_complaint_is_found_by_readable_text(shared: Stage, tickets: dict[str, str]) -> None:
    for viewer in READERS | PUBLIC:
        rows = await found(shared, viewer, *(search for _, search, _ in FOUND))
        for (name, typed, finders), seen in zip(FOUND, rows, strict=True):
            expected = {tickets[name]} if viewer in finders else set()
            assert seen == expected, (viewer.kind, viewer.name, typed)


async def test_an_excluded_term_reveals_nothing_of_hidden_text(shared: Stage, tickets: dict[str, str]) -> None:
    public = {tickets[name] for name in ("plain", "masked", "anonymous")}
    rows = await found(shared, ANONYMOUS, "-parit", "-wiryo", "-0812", "-bendahara", "-lubang")
    assert rows == [public] * 4 + [public - {tickets["plain"]}]
    every = {tickets[name] for name in ("plain", "masked", "anonymous", "new")}
    rows = await found(shared, PARTNER, "-parit", "-0812", "-bendahara")
    assert rows == [every - {tickets["plain"]}, every - {tickets["masked"]}, every]
    assert await found(shared, OFFICER, "-parit", "-0812", "-bendahara") == rows


BLANK = ("", " ", "?!", "-", "--", '"', '"""', "-" * 200, "- " * 100, "-(" * 100)
HOSTILE = (
    *("\\", "'", "' or 1=1 --", "%", "%(s)s", ":*", "a:*", "!!a", ")&|<->", "a <-> b", "-(a or", '"' + "a " * 99),
    *(
        "or " * 66,
        "x" * 200,
        "😀" * 200,
        '-""' * 66,
        "\u202e",
        "\t\n",
        "yang dan di",
        "http://x.example/?a=b",
        "<b>x</b>",
    ),
    *("1e999", "a@b", "\uff10", "\u0660"),
)


async def test_nothing_that_people_type_is_an_error(shared: Stage, tickets: dict[str, str]) -> None:
    for viewer in (ANONYMOUS, OFFICER):
        assert await found(shared, viewer, *BLANK) == [set()] * len(BLANK)
        await found(shared, viewer, *HOSTILE)


async def test_what_cannot_be_searched_for_is_refused_with_what_can(shared: Stage, tickets: dict[str, str]) -> None:
    for typed, named in (("x" * 10_000, "200"), ("x" * 201, "200"), ("a\0b", "NUL")):
        for query in (LIST, REPORTS):
            (error,) = (await shared.ask(OFFICER, query, s=typed)).errors
            assert error["extensions"]["code"] == "BAD_INPUT"
            assert named in error["message"]


async def test_a_report_is_found_by_its_text_unless_it_is_secret(shared: Stage, tickets: dict[str, str]) -> None:
    async def ids(search: str) -> list[Any]:
        listed = (await shared.got(OFFICER, REPORTS, s=search))["centralReports"]
        assert listed["totalCount"] == len(listed["nodes"])
        return [node["trackingId"] for node in listed["nodes"]]

    assert await ids("sampah") == await ids("bau sengat") == ["1"]
    assert await ids("gratifikasi") == await ids("amplop") == await ids("gratifikasi or amplop") == []
    assert (await shared.ask(ANONYMOUS, REPORTS, s="sampah")).codes == ["FORBIDDEN"]


async def test_a_search_is_paged_in_both_directions(shared: Stage, tickets: dict[str, str]) -> None:
    every, search = [], "-kata"
    after = None
    while True:
        listed = (await shared.got(OFFICER, LIST, s=search, first=2, after=after))["complaints"]
        every += [node["ticket"] for node in listed["nodes"]]
        if not listed["pageInfo"]["hasNextPage"]:
            break
        after = listed["pageInfo"]["endCursor"]
    assert sorted(every) == sorted(tickets[name] for name in ("plain", "masked", "anonymous", "new"))
    last = (await shared.got(OFFICER, LIST, s=search, last=2))["complaints"]
    first = (await shared.got(OFFICER, LIST, s=search, last=3, before=last["pageInfo"]["startCursor"]))["complaints"]
    assert [node["ticket"] for node in first["nodes"] + last["nodes"]] == every
    assert last["pageInfo"]["hasPreviousPage"]


COPIED = """insert into records (system, external_id, {0}) select system, external_id || '-' || n, {0}
    from records, generate_series(1, 1000) n where external_id = '2'"""


async def test_a_search_uses_its_indexes(stage: Stage) -> None:
    """With other plans disabled, each search uses its index: the expressions in code and index are equal."""

    async def plan(condition: Any, table: Any) -> str:
        statement = select(table.c.id).where(condition)
        compiled = str(
            statement.compile(
                dialect=make_url("postgresql+psycopg://").get_dialect()(), compile_kwargs={"literal_binds": True}
            )
        )
        async with stage.database.write(CAUSE) as db:
            await db.exec_driver_sql("set local enable_seqscan = off; set local enable_indexscan = off")
            return "\n".join(row[0] for row in await db.exec_driver_sql(f"explain {compiled}"))

    assert "complaints_words" in await plan(text_search.matching_complaints(OFFICER, "jalan"), complaints)
    assert "complaints_title_words" in await plan(text_search.matching_complaints(ANONYMOUS, "jalan"), complaints)
    await stage.records(report("2"))
    others = [c.name for c in records.c if c.name not in ("system", "external_id", "id")]
    await stage.run(COPIED.format(", ".join(others)))
    await stage.run("analyze records_fake")
    reports = text_search.matching_records(("title", "content"), "jalan") & (records.c.kind == "report")
    assert "records_fake_report_words" in await plan(reports, records)
