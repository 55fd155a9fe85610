"""No request of a browser to the pages causes an internal error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.auth.pages.conftest import empty
from tests.auth.pages.fake_openid_provider import FakeProvider, back_from, fake_provider
from tests.auth.pages.harness import Stage, fields, staged

pytestmark = pytest.mark.whole

TYPED = st.one_of(
    st.text(max_size=40),
    st.text(alphabet='\0\n"\\é\u2028𝕏%+&=#?/:', max_size=12),
    st.sampled_from(["allow", "deny", "switch", "revoke", "sign-out", "c_app", "/oauth/authorize?x=%00", "x" * 9_000]),
)
NAMES = st.sampled_from(["next", "answer", "client", "username", "password", "lang", "state", "code", "iss", "error"])
SENT = st.dictionaries(NAMES, TYPED, max_size=5)
QUIET = [HealthCheck.function_scoped_fixture]


@pytest.fixture
async def ready(stage: Stage) -> Stage:
    """An officer who is signed in, and a client."""
    await stage.officer()
    await stage.client()
    await stage.sign_in()
    return stage


@settings(max_examples=120, deadline=None, suppress_health_check=QUIET)
@given(path=st.sampled_from(["login", "consent", "account"]), sent=SENT)
async def test_no_query_of_a_page_is_a_fault(ready: Stage, path: str, sent: dict[str, str]) -> None:
    answer = await ready.browser.get(f"/oauth/{path}", params=sent)
    assert answer.status_code in (200, 303, 400), answer.text


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(path=st.sampled_from(["login", "consent", "account"]), sent=SENT, right=st.booleans())
async def test_no_field_of_a_form_of_ours_is_a_fault(
    ready: Stage, path: str, sent: dict[str, str], right: bool
) -> None:
    shown = await ready.get(ready.authorization_path(prompt="consent"))
    if not fields(shown):
        await ready.sign_in()
        shown = await ready.get(ready.authorization_path(prompt="consent"))
    own = fields(shown) if right else {"form": fields(shown)["form"]}
    answer = await ready.browser.post(f"/oauth/{path}", data=own | sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code in (200, 303, 400, 403, 429), answer.text


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    async with fake_provider() as fake:
        yield fake


@pytest.fixture
async def provided(provider: FakeProvider, pages_url: str) -> AsyncIterator[Stage]:
    """A hub where citizens sign in through ``provider``."""
    async with staged(pages_url, [provider.login()]) as stage:
        await empty(stage)
        yield stage


@settings(max_examples=40, deadline=None, suppress_health_check=QUIET)
@given(over=st.dictionaries(st.sampled_from(["code", "state", "iss", "error", "next"]), TYPED, min_size=1, max_size=2))
async def test_nothing_that_comes_back_from_a_provider_is_a_fault(provided: Stage, over: dict[str, str]) -> None:
    begun = await provided.browser.get("/oauth/outside/inapas", params={"next": over.get("next", "")})
    path, _, query = (await back_from(begun)).partition("?")
    answer = await provided.browser.get(path, params=dict(parse_qsl(query)) | over)
    assert answer.status_code in (303, 400), answer.text
