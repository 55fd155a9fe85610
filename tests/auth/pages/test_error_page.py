"""The page for an app's request that cannot be accepted, and the language that an app requests."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.auth.pages.harness import Stage

REFUSED = {"id": '<h1 id="title" tabindex="-1" autofocus>Permintaan ditolak</h1>', "en": "Request refused</h1>"}
STYLE = '<link rel="stylesheet" href="/static/people.css">'


@pytest.mark.parametrize(("accepted", "language"), [("", "id"), ("id", "id"), ("en-GB,en;q=0.9,id;q=0.5", "en")])
async def test_a_refusal_is_a_page_like_the_others(stage: Stage, accepted: str, language: str) -> None:
    answer = await stage.browser.get(
        stage.authorization_path(client_id="nobody"), headers={"Accept-Language": accepted}
    )
    assert answer.status_code == 400
    assert (f'<html lang="{language}">' in answer.text, STYLE in answer.text) == (True, True)
    assert REFUSED[language] in answer.text
    assert "<code>invalid_client: The client does not exist on this server.</code>" in answer.text
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_refusal_can_be_read_in_the_other_language(stage: Stage) -> None:
    path = "/oauth/authorize?client_id=nobody&state=a%26b%22"
    assert 'href="/oauth/authorize?client_id=nobody&amp;state=a%26b%22&amp;lang=en"' in (await stage.get(path)).text
    assert REFUSED["en"] in (await stage.get(f"{path}&lang=en")).text


async def test_an_invalid_request_is_refused_on_the_consent_page_too(stage: Stage) -> None:
    await stage.officer()
    await stage.sign_in()
    answer = await stage.get("/oauth/consent?next=https://evil.example")
    assert answer.status_code == 400
    assert "This is not an authorization request." in answer.text


@pytest.mark.parametrize(
    ("wished", "accepted", "language"),
    [("en", "id", "en"), ("fr en-GB id", "id", "en"), ("fr", "en", "en"), ("fr", "", "id"), ("id en", "en", "id")],
)
async def test_an_app_wishes_for_a_language_of_the_pages(
    stage: Stage, wished: str, accepted: str, language: str
) -> None:
    await stage.client()
    await stage.officer()
    shown = await stage.get(stage.authorization_path(ui_locales=wished), **{"Accept-Language": accepted})
    assert f'<html lang="{language}">' in shown.text
    wrong = await stage.send(shown, {"Accept-Language": accepted}, username="petugas", password="wrong")
    assert f'<html lang="{language}">' in wrong.text


async def test_what_a_person_chose_comes_before_what_an_app_wishes(stage: Stage) -> None:
    await stage.client()
    await stage.get("/oauth/login?lang=id")
    assert '<html lang="id">' in (await stage.get(stage.authorization_path(ui_locales="en"))).text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parameter=st.text(max_size=60), wished=st.text(max_size=12))
async def test_request_parameters_are_escaped_on_the_page(stage: Stage, parameter: str, wished: str) -> None:
    given = {"client_id": "nobody", "state": f"<script>{parameter}", "ui_locales": wished}
    answer = await stage.browser.get("/oauth/authorize", params=given)
    assert answer.status_code == 400
    assert "<script>" not in answer.text
