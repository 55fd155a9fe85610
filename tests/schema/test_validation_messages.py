"""No validation error repeats a value of the document."""

from __future__ import annotations

import pytest

from tests.schema.harness import OFFICER, Stage

NIK = "3374010101900001"
DOCUMENTS = {
    "a number for text": f"{{complaint(ticket: {NIK}) {{ticket}}}}",
    "text for a number": f'{{complaints(first: "{NIK}") {{totalCount}}}}',
    "a number too large": f"{{complaints(first: {NIK}) {{totalCount}}}}",
    "no such code": f"{{complaints(filter: {{status: [N{NIK}]}}) {{totalCount}}}}",
    "text for a code": f'{{complaints(filter: {{status: ["{NIK}"]}}) {{totalCount}}}}',
    "text for a time": f'{{complaints(filter: {{receivedFrom: "{NIK}"}}) {{totalCount}}}}',
    "text for an object": f'{{complaints(filter: "{NIK}") {{totalCount}}}}',
    "a number for an id": f"{{node(id: {{nik: {NIK}}}) {{id}}}}",
    "misplaced text": f'{{complaint "{NIK}"}}',
    "misplaced number": f"{{complaint {NIK}}}",
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_no_error_repeats_what_is_written_in_a_document(shared: Stage, document: str) -> None:
    answer = await shared.ask(OFFICER, document)
    assert answer.codes
    assert set(answer.codes) <= {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
    assert NIK not in str(answer.errors)
