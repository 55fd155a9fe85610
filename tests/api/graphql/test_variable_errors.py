"""An error of a variable names its path and what is allowed there, never its value."""

from __future__ import annotations

from typing import Any

import pytest

from hub.api.graphql.limits import Limits
from hub.api.graphql.validation import OperationRejected, OperationValidator
from hub.cli import common
from hub.schema.graph import schema

VALIDATOR = OperationValidator(schema(None, (), ())._schema, Limits(), introspection=False)
SUBMIT = "mutation ($input: SubmitComplaintInput!) { submitComplaint(input: $input) { __typename } }"
LIST = "query ($n: Int, $f: ComplaintFilter) { complaints(first: $n, filter: $f) { edges { node { id } } } }"
NIK = "3399014107900001"
WHOLE = {
    "idempotencyKey": "contoh-00001",
    "channel": "WHATSAPP",
    "class": "COMPLAINT",
    "title": "t",
    "text": "t",
    "areaCode": "33.74",
}


def messages_of(text: str, variables: dict[str, Any]) -> list[str]:
    with pytest.raises(OperationRejected) as refused:
        VALIDATOR.validate(text, variables, None)
    assert all((each.extensions or {})["code"] == "BAD_INPUT" for each in refused.value.errors)
    return [each.message for each in refused.value.errors]


@pytest.mark.parametrize(
    ("text", "variables", "path", "allowed"),
    [
        (SUBMIT, {}, "", "it must not be null"),
        (SUBMIT, {"input": None}, "", "it must not be null"),
        (SUBMIT, {"input": NIK}, "", "it has to be an object with fields of idempotencyKey, channel, class"),
        (SUBMIT, {"input": {**WHOLE, "reporter": {"phone": NIK}}}, " at .reporter.name", "it is missing"),
        (SUBMIT, {"input": {**WHOLE, "reporter": NIK}}, " at .reporter", "it has to be an object with fields of name"),
        (SUBMIT, {"input": {**WHOLE, NIK: 1}}, "", "it has a field that SubmitComplaintInput does not have"),
        (SUBMIT, {"input": {**WHOLE, "class": NIK}}, " at .class", "it has to be one of COMPLAINT, "),
        (SUBMIT, {"input": {**WHOLE, "title": int(NIK)}}, " at .title", "it has to be text."),
        (LIST, {"n": NIK}, "", "it has to be a whole number from"),
        (LIST, {"f": {"agency": [{NIK: 1}]}}, " at .agency[0]", "it has to be text."),
        (LIST, {"f": {"overdue": NIK}}, " at .overdue", "it has to be true or false."),
        (
            LIST,
            {"f": {"receivedFrom": NIK}},
            " at .receivedFrom",
            "This is no DateTime. A date and time with a UTC offset, such as",
        ),
    ],
)
def test_an_error_names_path_and_allowed_values_but_no_value(
    text: str, variables: dict[str, Any], path: str, allowed: str
) -> None:
    (message,) = messages_of(text, variables)
    name = "input" if text == SUBMIT else next(iter(variables))
    assert message.startswith(f"Variable '${name}' has an invalid value{path}: {allowed}")
    assert message.endswith(".")
    assert NIK not in message


def test_the_number_of_errors_is_limited() -> None:
    assert len(messages_of(LIST, {"f": {"agency": [{}] * 50}})) == Limits().errors


def test_too_deeply_nested_values_are_refused_in_one_sentence() -> None:
    nested: Any = NIK
    for _ in range(5_000):
        nested = [nested]
    assert NIK not in str(messages_of(LIST, {"f": {"agency": nested}}))


def test_the_query_that_an_operator_is_sent_to_is_one() -> None:
    query = common._CONSTRAINT_MESSAGES["users_agency_code_fkey"].partition("query ")[2].removesuffix(".")
    assert VALIDATOR.validate(query, {}, None).cost > 0
