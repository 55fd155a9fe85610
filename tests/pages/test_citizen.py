"""A citizen submits a complaint and follows it, by the forms alone."""

from __future__ import annotations

import re
from html import unescape

import httpx

from tests.schema.harness import ON_THE_WAY, Stage

MATTER = {
    "class": "COMPLAINT",
    "category": "ROADS",
    "area": "33.74",
    "title": "Jalan berlubang",
    "text": "Lubang besar.",
}
PERSON = {"identity": "named", "name": "Uji Warga", "phone": "0811 0000 0001", "email": "", "secret": "no"}


def hidden(html: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html)}


async def submitted(citizen: httpx.AsyncClient, **person: str) -> tuple[str, str]:
    """Return ticket and code of a new complaint."""
    second = await citizen.post("/en/report", data={"step": "1", **MATTER})
    done = await citizen.post("/en/report", data={**hidden(second.text), **PERSON, **person, "step": "2"})
    assert done.status_code == 200, done.text
    (ticket,), (code,) = (re.findall(rf'id="{name}">([^<]+)<', done.text) for name in ("ticket", "code"))
    return ticket, code


async def test_a_complaint_is_submitted_in_two_steps(citizen: httpx.AsyncClient, stage: Stage) -> None:
    second = await citizen.post("/en/report", data={"step": "1", **MATTER})
    assert hidden(second.text).items() >= MATTER.items()
    form = {**hidden(second.text), **PERSON, "step": "2"}
    done, repeated = [await citizen.post("/en/report", data=form) for _ in range(2)]
    assert "Complaint received" in done.text
    assert done.text.count("<path") >= 1
    assert done.text == repeated.text
    assert done.headers["cache-control"] == "no-store"
    (row,) = await stage.rows("select channel, title, anonymous, secret, submitted_by from complaints")
    assert row == ("WEB", "Jalan berlubang", False, False, "web-form")


async def test_each_mistake_is_shown_beside_its_field(citizen: httpx.AsyncClient) -> None:
    first = await citizen.post("/en/report", data={"step": "1", **MATTER, "title": "Jln", "area": ""})
    assert first.status_code == 400
    assert re.findall(r'<li><a href="#(\w+)">', first.text) == ["area", "title"]
    assert 'value="Jln"' in first.text
    assert "Lubang besar." in first.text
    second = await citizen.post(
        "/en/report", data={"step": "2", **MATTER, **PERSON, "key": "web-12345678", "phone": "12"}
    )
    assert re.findall(r'<li><a href="#(\w+)">', second.text) == ["phone"]
    assert 'value="Uji Warga"' in second.text
    assert 'id="phone-error"' in second.text
    back = await citizen.post("/en/report", data={"step": "back", **MATTER, **PERSON})
    assert 'value="Jalan berlubang"' in back.text
    assert hidden(back.text)["name"] == "Uji Warga"


async def test_an_anonymous_secret_complaint_gets_its_code(citizen: httpx.AsyncClient, stage: Stage) -> None:
    ticket, code = await submitted(citizen, identity="anonymous", name="", phone="", secret="yes")
    (row,) = await stage.rows("select secret, anonymous, reporter_id from complaints")
    assert row == (True, True, None)
    shown = await citizen.post("/en/follow", data={"ticket": ticket, "code": code})
    assert "Secret: only the officers who handle it, and you." in shown.text


async def test_a_reporter_follows_replies_rates_and_reopens(citizen: httpx.AsyncClient, stage: Stage) -> None:
    ticket, code = await submitted(citizen)
    shown = await citizen.post("/en/follow", data={"ticket": ticket.lower(), "code": f" {code.lower()} "})
    assert "The desk checks whether it is complete." in shown.text
    assert code not in str(shown.url)

    async def act(name: str, **fields: str) -> httpx.Response:
        page = await citizen.post("/en/follow", data={"ticket": ticket, "code": code})
        (key,) = re.findall(rf'name="key" value="([^"]+)">\s+<input type="hidden" name="act" value="{name}"', page.text)
        return await citizen.post(
            "/en/follow", data={"ticket": ticket, "code": code, "act": name, "key": key, **fields}
        )

    assert "Your message was sent." in (await act("reply", text="Masih berlubang.")).text
    short = await act("reply", text="x")
    assert (short.status_code, re.findall(r'<li><a href="#(\w+)">', short.text)) == (400, ["text"])
    await stage.act(ticket, *ON_THE_WAY["ANSWERED"])
    rated = await act("rate", rating="4")
    assert "your rating was recorded" in rated.text
    assert "4 of 5" in rated.text
    unrated = await act("rate")
    assert 'id="rating-error"' in unrated.text
    reopened = await act("reopen", reason="Lubangnya kembali setelah hujan.")
    assert "The complaint was reopened" in reopened.text
    assert "Lubangnya kembali setelah hujan." in reopened.text


async def test_guessing_a_code_stays_hopeless(citizen: httpx.AsyncClient) -> None:
    ticket, code = await submitted(citizen)
    wrong = "AAAA-BBBB-CCCC-DDDD-EEEE"
    replies = [await citizen.post("/en/follow", data={"ticket": ticket, "code": wrong}) for _ in range(11)]
    assert [each.status_code for each in replies] == [400] * 10 + [429]
    assert ticket in replies[0].text
    assert wrong not in replies[0].text
    assert (await citizen.post("/en/follow", data={"ticket": ticket, "code": code})).status_code == 429


async def test_a_form_of_another_site_is_refused(citizen: httpx.AsyncClient) -> None:
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        refused = await citizen.post("/lapor", data={"step": "1", **MATTER}, headers=headers)
        assert refused.status_code == 403


async def test_an_unknown_ticket_looks_like_a_wrong_code(citizen: httpx.AsyncClient) -> None:
    ticket, code = await submitted(citizen)
    unknown = await citizen.post("/en/follow", data={"ticket": "LG-2026-999999", "code": code})
    wrong = await citizen.post("/en/follow", data={"ticket": ticket, "code": "AAAA-BBBB-CCCC-DDDD-EEEE"})
    assert unknown.status_code == wrong.status_code == 400
    assert unknown.text.replace("LG-2026-999999", ticket) == wrong.text
    assert "\r" not in (await citizen.post("/en/follow", data={"ticket": "x\r\nEvil: 1", "code": "é☃"})).text
