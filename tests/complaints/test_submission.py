"""A submission: its stored values, and every invalid input with its field and code."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.complaints.attachments import Attachment
from hub.complaints.enums import Channel, ComplaintClass
from hub.complaints.problems import ProblemCode
from hub.complaints.reporter import Reporter
from hub.complaints.submission import Submission, check, normalise

TODAY = date(2026, 11, 20)
SOMEBODY = Reporter(name="Uji Coba", phone="+62 811 0000 0000", email="Uji@Contoh.Example", nik="3399014107900001")
PHOTO = Attachment("halte.jpg", "image/jpeg", 240_000, "ab" * 32)
FIT = Submission(
    idempotency_key="5f0c-0001",
    channel=Channel.GOJEK,
    klass=ComplaintClass.COMPLAINT,
    title="Bus tidak berhenti di halte",
    text="Bus koridor 1 tidak berhenti di halte pagi ini.",
    area_code="33.74",
    inspection=True,
    category="PUBLIC_TRANSPORT",
    agency_code="DISHUB",
    latitude=-6.98,
    longitude=110.41,
    reporter=SOMEBODY,
    payment_reference="TJ-0001",
    order_id="TD-2026-77",
    tracking_id="1916449",
    attachments=(PHOTO,),
)


def problems_of(**changes: Any) -> list[tuple[str, ProblemCode]]:
    """Return field and code of each problem of the valid submission with these changes; both messages must exist."""
    problems = check(replace(FIT, **changes), TODAY)
    assert all(problem.message.indonesian and problem.message for problem in problems)
    return [(problem.field, problem.code) for problem in problems]


def reporter(**changes: Any) -> list[tuple[str, ProblemCode]]:
    return problems_of(reporter=replace(SOMEBODY, **changes))


def attachment(**changes: Any) -> list[tuple[str, ProblemCode]]:
    return problems_of(attachments=(PHOTO, replace(PHOTO, **changes)))


def test_a_fit_submission_has_no_problem() -> None:
    assert problems_of() == []


def test_only_what_is_needed_has_no_problem() -> None:
    assert (
        check(
            Submission(
                idempotency_key="12345678",
                channel=Channel.WEB,
                klass=ComplaintClass.ASPIRATION,
                title="Taman",
                text="Mohon taman",
                area_code="33.01",
                anonymous=True,
            ),
            TODAY,
        )
        == []
    )


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("", ProblemCode.REQUIRED),
        ("   \n ", ProblemCode.REQUIRED),
        ("Bus", ProblemCode.TOO_SHORT),
        ("B \x07 u \x1b s", None),
        ("a" * 200, None),
        ("a" * 201, ProblemCode.TOO_LONG),
        ("Judul \0 rusak", ProblemCode.MALFORMED),
        ("Judul \ud83d rusak", ProblemCode.MALFORMED),
    ],
)
def test_title(title: str, code: ProblemCode | None) -> None:
    assert problems_of(title=title) == ([("title", code)] if code else [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ProblemCode.REQUIRED),
        ("sembilan!", ProblemCode.TOO_SHORT),
        ("sepuluh ok", None),
        ("a" * 10_000, None),
        ("a" * 10_001, ProblemCode.TOO_LONG),
        ("Teks yang berisi \0", ProblemCode.MALFORMED),
    ],
)
def test_text(text: str, code: ProblemCode | None) -> None:
    assert problems_of(text=text) == ([("text", code)] if code else [])


@pytest.mark.parametrize("key", ["", "1234567", "a" * 129, "has space", "kunci-é-123", "12345678\n"])
def test_a_bad_idempotency_key(key: str) -> None:
    assert problems_of(idempotency_key=key) == [("idempotencyKey", ProblemCode.MALFORMED)]


@pytest.mark.parametrize("key", ["12345678", "a" * 128, "A.b_c:d-9"])
def test_a_good_idempotency_key(key: str) -> None:
    assert problems_of(idempotency_key=key) == []


@pytest.mark.parametrize("code", ["", "33.30", "33.77", "34.01", "3374", "33.74.01"])
def test_an_area_outside_the_35_is_unknown(code: str) -> None:
    assert problems_of(area_code=code) == [("areaCode", ProblemCode.UNKNOWN)]


@pytest.mark.parametrize(
    ("latitude", "longitude", "problems"),
    [
        (None, None, []),
        (-7.0, None, [("longitude", ProblemCode.REQUIRED)]),
        (None, 110.0, [("latitude", ProblemCode.REQUIRED)]),
        (0.0, 110.0, [("latitude", ProblemCode.OUT_OF_RANGE)]),
        (-6.2, 106.8, [("longitude", ProblemCode.OUT_OF_RANGE)]),
        (110.0, -7.0, [("latitude", ProblemCode.OUT_OF_RANGE), ("longitude", ProblemCode.OUT_OF_RANGE)]),
        (float("nan"), 110.0, [("latitude", ProblemCode.OUT_OF_RANGE)]),
        (-7.0, float("inf"), [("longitude", ProblemCode.OUT_OF_RANGE)]),
        (-5.83, 110.45, []),
        (-7.73, 108.99, []),
    ],
)
def test_coordinates(latitude: float | None, longitude: float | None, problems: list[Any]) -> None:
    assert problems_of(latitude=latitude, longitude=longitude) == problems


def test_an_unknown_category_and_agency() -> None:
    assert problems_of(category="BUSES", agency_code="NASA") == [
        ("category", ProblemCode.UNKNOWN),
        ("agencyCode", ProblemCode.UNKNOWN),
    ]


def test_an_agency_out_of_office_is_refused_with_its_successor() -> None:
    assert problems_of(agency_code="DPPKI") == [("agencyCode", ProblemCode.NOT_ALLOWED)]
    [problem] = check(replace(FIT, agency_code="DPPKI"), TODAY)
    assert problem.message == "The agency DPPKI is not in office on 2026-11-20. Use DISHUB."
    assert check(replace(FIT, agency_code="DPPKI"), date(2016, 12, 31)) == []


def test_an_agency_not_yet_in_office_is_refused() -> None:
    assert [p.field for p in check(replace(FIT, agency_code="BRIDA"), date(2022, 12, 31))] == ["agencyCode"]
    assert check(replace(FIT, agency_code="BRIDA"), date(2023, 1, 1)) == []


@pytest.mark.parametrize("klass", [ComplaintClass.ASPIRATION, ComplaintClass.INFORMATION_REQUEST])
def test_only_a_complaint_needs_an_inspection(klass: ComplaintClass) -> None:
    assert problems_of(klass=klass) == [("inspection", ProblemCode.NOT_ALLOWED)]
    assert problems_of(klass=klass, inspection=False) == []


def test_a_reporter_may_only_be_missing_when_anonymous() -> None:
    assert problems_of(reporter=None) == [("reporter", ProblemCode.REQUIRED)]
    assert problems_of(reporter=None, anonymous=True) == []


def test_a_reporter_needs_a_name_only() -> None:
    assert reporter(phone=None, email=None, nik=None) == []
    assert reporter(name=" U ") == [("reporter.name", ProblemCode.TOO_SHORT)]
    assert reporter(name="U" * 101) == [("reporter.name", ProblemCode.TOO_LONG)]


@pytest.mark.parametrize(
    "phone", ["+62 811", "0811", "+1234567890123456", "nomor saya", "+62811000000a", "+0811000000", "٠٨١١٠٠٠٠٠٠٠"]
)
def test_a_bad_phone(phone: str) -> None:
    assert reporter(phone=phone) == [("reporter.phone", ProblemCode.MALFORMED)]


@pytest.mark.parametrize(
    ("phone", "kept"),
    [
        ("0811 0000 0000", "+6281100000000"),
        ("62811-0000-0000", "+6281100000000"),
        ("811.0000.0000", "+6281100000000"),
        ("+62 (0)811 0000 0000", "+6281100000000"),
        ("0062 811 0000 0000", "+6281100000000"),
        ("(024) 000 0000", "+62240000000"),
        ("+31 20 000 0000", "+31200000000"),
    ],
)
def test_a_phone_is_kept_as_e164(phone: str, kept: str) -> None:
    person = normalise(replace(FIT, reporter=replace(SOMEBODY, phone=phone))).reporter
    assert person is not None
    assert person.phone == kept
    assert reporter(phone=phone) == []


@pytest.mark.parametrize(
    "email",
    [
        "uji",
        "uji@",
        "@contoh.example",
        "uji@contoh",
        "u ji@contoh.example",
        "uji@-contoh.example",
        ".uji@contoh.example",
        "u..ji@contoh.example",
        "a" * 65 + "@contoh.example",
        "uji@" + "a." * 125 + "example",
    ],
)
def test_a_bad_email(email: str) -> None:
    assert reporter(email=email) == [("reporter.email", ProblemCode.MALFORMED)]


@pytest.mark.parametrize(
    ("nik", "fit"),
    [
        ("3399013107900001", True),
        ("3399017107900001", True),
        ("33.9901.290200.0001", True),
        ("3399012902010001", False),
        ("3399013204900001", False),
        ("3399014004900001", False),
        ("3399010007900001", False),
        ("3399010113900001", False),
        ("3399017207900001", False),
        ("3399013107900000", False),
        ("0099013107900001", False),
        ("339901310790001", False),
        ("33990131079000001", False),
        ("339901310790000x", False),
    ],
)
def test_nik(nik: str, fit: bool) -> None:
    assert reporter(nik=nik) == ([] if fit else [("reporter.nik", ProblemCode.MALFORMED)])


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("payment_reference", "TJ 0001", "paymentReference"),
        ("payment_reference", "a" * 65, "paymentReference"),
        ("payment_reference", "-0001", "paymentReference"),
        ("order_id", "TD;1", "orderId"),
        ("tracking_id", "LG-1", "trackingId"),
        ("tracking_id", "1" * 21, "trackingId"),
        ("tracking_id", "١٢٣", "trackingId"),
    ],
)
def test_a_bad_reference(field: str, value: str, path: str) -> None:
    assert problems_of(**{field: value}) == [(path, ProblemCode.MALFORMED)]


def test_attachments() -> None:
    assert attachment() == []
    assert attachment(name="") == [("attachments.1.name", ProblemCode.REQUIRED)]
    assert attachment(name="../etc/passwd") == [("attachments.1.name", ProblemCode.MALFORMED)]
    assert attachment(media_type="text/html") == [("attachments.1.mediaType", ProblemCode.NOT_ALLOWED)]
    assert attachment(media_type="IMAGE/PNG") == []
    assert attachment(size=0) == [("attachments.1.size", ProblemCode.OUT_OF_RANGE)]
    assert attachment(size=10 * 1024 * 1024) == []
    assert attachment(size=10 * 1024 * 1024 + 1) == [("attachments.1.size", ProblemCode.OUT_OF_RANGE)]
    assert attachment(sha256="ab") == [("attachments.1.sha256", ProblemCode.MALFORMED)]
    assert attachment(sha256="AB" * 32) == []
    assert problems_of(attachments=(PHOTO,) * 10) == []
    assert problems_of(attachments=(PHOTO,) * 11) == [("attachments", ProblemCode.TOO_MANY)]


def test_all_problems_are_reported_together_in_field_order() -> None:
    fields = [field for field, _ in problems_of(idempotency_key="", title="", text="", area_code="", tracking_id="x")]
    assert fields == ["idempotencyKey", "title", "text", "areaCode", "trackingId"]


def test_what_is_kept() -> None:
    kept = normalise(
        replace(
            FIT,
            title="  Bus\u202e  tidak\t\nberhenti ",
            text="Baris satu \r\n\r\n\r\n\r\nbaris\x08 dua\r",
            category=" ",
            agency_code="",
            payment_reference=" TJ-0001 ",
            tracking_id="#1916449",
        )
    )
    assert kept.title == "Bus tidak berhenti"
    assert kept.text == "Baris satu\n\nbaris dua"
    assert (kept.category, kept.agency_code) == (None, None)
    assert (kept.payment_reference, kept.tracking_id) == ("TJ-0001", "1916449")
    assert kept.reporter == Reporter(
        name="Uji Coba", phone="+6281100000000", email="uji@contoh.example", nik="3399014107900001"
    )


def test_letters_are_kept_the_same_however_they_were_typed() -> None:
    assert (
        normalise(replace(FIT, title="Cafe\u0301 baru")).title == normalise(replace(FIT, title="Caf\u00e9 baru")).title
    )


def test_a_reporter_does_not_show_in_a_repr() -> None:
    assert "Uji Coba" not in repr(FIT)
    assert "0000" not in repr(FIT.reporter)


def test_no_message_repeats_a_personal_value() -> None:
    person = Reporter(name="Rahasia" * 20, phone="Rahasia1", email="Rahasia2", nik="Rahasia3")
    problems = check(replace(FIT, reporter=person), TODAY)
    assert len(problems) == 4
    assert not any("ahasia" in problem.message.indonesian + problem.message for problem in problems)


ANYTHING = st.text(st.characters(categories=["L", "N", "P", "Z", "Cc", "Cf", "Mn"]), max_size=40)


@given(ANYTHING, ANYTHING, ANYTHING, st.from_regex(r"[+0-9 ()62]{0,14}", fullmatch=True), ANYTHING)
@example("", "", "", "", "' 0")
@example("", "", "", "", "# '#' 1916449")
def test_normalising_twice_changes_nothing(title: str, text: str, name: str, phone: str, reference: str) -> None:
    person = Reporter(name=name, phone=phone, email=reference, nik=reference)
    once = normalise(replace(FIT, title=title, text=text, reporter=person, tracking_id=reference, order_id=reference))
    assert normalise(once) == once
    assert check(once, TODAY) == check(
        replace(FIT, title=title, text=text, reporter=person, tracking_id=reference, order_id=reference), TODAY
    )


@given(ANYTHING)
def test_a_stored_title_has_no_control_characters(title: str) -> None:
    kept = normalise(replace(FIT, title=title)).title
    assert not any(character < " " and character != "\0" for character in kept)
    assert "  " not in kept
    assert kept == kept.strip()
