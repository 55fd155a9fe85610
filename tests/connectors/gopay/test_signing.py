"""The two signatures of SNAP BI, with vectors made for them and with altered content.

Contract gopay#access-token, gopay#signed-requests.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.gopay import signing

SECRET, TOKEN, AT = "secret-demo", "tok-demo", "2025-01-02T08:00:00+07:00"
PATH = "/v1.0/transaction-history-list"
BODY = {
    "partnerReferenceNo": "TJ-0001",
    "fromDateTime": "2025-01-01T00:00:00+07:00",
    "toDateTime": "2025-01-02T00:00:00+07:00",
    "pageSize": "10",
    "pageNumber": "0",
}
SIGNATURE = "iWf4HK63ErmukC0HANn0DDzFNBotePNabgrDR+aQs+5CeOQ47KOEsipW/sjimkQOeMahmHzTfB30Jj0paVs/dQ=="
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def test_the_body_hash_is_that_of_the_vector() -> None:
    digest = hashlib.sha256(signing.dumped(BODY)).hexdigest()
    assert digest == "6bb4ebd94f86857feec5be19c670ffec37945f64b8e48ff5a5a32023a3ec2f82"
    assert signing.string_to_sign("post", PATH, TOKEN, signing.dumped(BODY), AT) == f"POST:{PATH}:{TOKEN}:{digest}:{AT}"


def test_the_symmetric_signature_is_that_of_the_vector() -> None:
    assert signing.symmetric_signature(SECRET, "POST", PATH, TOKEN, signing.dumped(BODY), AT) == SIGNATURE


def test_an_empty_body_is_hashed_as_the_empty_string() -> None:
    signed = signing.string_to_sign("GET", PATH, TOKEN, b"", AT)
    assert signed.split(":")[3] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_body_with_space_is_recognised_by_its_minified_form() -> None:
    spaced = json.dumps(BODY, indent=2).encode()
    assert signing.is_symmetric_signature(SIGNATURE, SECRET, "POST", PATH, TOKEN, spaced, AT)


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "secret-other"},
        {"method": "GET"},
        {"endpoint": f"/api{PATH}"},
        {"token": "tok-other"},
        {"body": b"{}"},
        {"at": "2025-01-02T08:00:01+07:00"},
    ],
)
def test_whatever_is_altered_the_signature_no_longer_fits(changed: dict[str, str]) -> None:
    signed = {"secret": SECRET, "method": "POST", "endpoint": PATH, "token": TOKEN, "at": AT}
    call: dict[str, Any] = {"body": signing.dumped(BODY), **signed, **changed}
    assert not signing.is_symmetric_signature(SIGNATURE, **call)


@given(JSON)
def test_minifying_removes_only_whitespace(value: object) -> None:
    text = json.dumps(value, indent=3, ensure_ascii=False).encode(errors="surrogatepass")
    assert signing.minified(text) == json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(
        errors="surrogatepass"
    )


def test_minifying_keeps_order_escapes_and_the_space_in_strings() -> None:
    text = rb'{ "b" : "a \" b\\" , "a" : [ 1.50 , "\u00e9  " ] }'
    assert signing.minified(text) == rb'{"b":"a \" b\\","a":[1.50,"\u00e9  "]}'


def test_the_token_signature_is_known_by_the_public_key(key: RSAPrivateKey) -> None:
    signature = signing.asymmetric_signature(key, "client", AT)
    assert signing.is_asymmetric_signature(signature, key.public_key(), "client", AT)


def test_a_signature_of_another_client_time_or_key_is_refused(key: RSAPrivateKey) -> None:
    signature = signing.asymmetric_signature(key, "client", AT)
    assert not signing.is_asymmetric_signature(signature, key.public_key(), "other", AT)
    assert not signing.is_asymmetric_signature(signature, key.public_key(), "client", "2025-01-02T08:00:01+07:00")
    assert not signing.is_asymmetric_signature(signature, generate_private_key(65537, 2048).public_key(), "client", AT)
    assert not signing.is_asymmetric_signature("not base64!", key.public_key(), "client", AT)


def test_times_are_those_of_jakarta_to_the_second() -> None:
    assert signing.timestamp(datetime(2025, 1, 2, 1, 0, 0, 999_999, UTC)) == AT
    assert len(AT) == 25


def test_an_unterminated_string_is_unchanged_in_linear_time() -> None:
    for body in (b'{"a b', b'{"a \\" b', b'"', b'"\\', b'"' + b'\\" ' * 20_000):
        assert signing.minified(b" " + body) == body
