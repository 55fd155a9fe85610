"""The errors of mutations: nothing was changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import strawberry

from hub.complaints.problems import Problem, ProblemCode
from hub.complaints.workflow import Refusal
from hub.kinds import Code
from hub.messages import Bilingual, in_language
from hub.schema.nodes import code_enum

_INVALID = "The input is invalid; correct {}.", "Masukan belum dapat diterima; perbaiki {}."
_CONFLICT = Bilingual(
    "This idempotency key was used with another input; use a new key for something new.",
    "Kunci idempotensi ini sudah dipakai dengan masukan lain; gunakan kunci baru.",
)
_NOT_FOUND = Bilingual(
    "There is no such complaint that you may see; check the ticket.",
    "Aduan tidak ditemukan atau tidak dapat Anda lihat; periksa nomor tiket.",
)


class UserErrorCode(Code):
    """The codes of mutation errors. They are public and stable, and include all codes of ``RefusalCode``."""

    INVALID_INPUT = (
        "INVALID_INPUT",
        "Masukan salah",
        "Invalid input",
        "The input is invalid; `problems` lists what is wrong with which field.",
    )
    IDEMPOTENCY_CONFLICT = (
        "IDEMPOTENCY_CONFLICT",
        "Kunci sudah dipakai",
        "Key in use",
        "The idempotency key was already used with a different input.",
    )
    NOT_FOUND = (
        "NOT_FOUND",
        "Tidak ditemukan",
        "Not found",
        "The named object does not exist or is not available to the viewer.",
    )
    WRONG_STATUS = (
        "WRONG_STATUS",
        "Status tidak sesuai",
        "Wrong status",
        "The complaint's status does not allow the action.",
    )
    WRONG_ROLE = "WRONG_ROLE", "Peran tidak sesuai", "Wrong role", "The viewer's role does not allow the action."
    ALREADY_THERE = (
        "ALREADY_THERE",
        "Sudah ada",
        "Already there",
        "The object is already in this state or already linked.",
    )
    NOT_TAKEN = "NOT_TAKEN", "Tidak diterima", "Not taken", "The other system does not accept objects of this kind."
    WRONG_STATE = (
        "WRONG_STATE",
        "Keadaan tidak sesuai",
        "Wrong state",
        "The named object is not waiting for this decision.",
    )


code_enum(UserErrorCode, "The reason why a mutation changed nothing, for programs; new values may be added.")
code_enum(ProblemCode, "What is wrong with a field, for programs; new values may be added.")


@strawberry.interface(description="An error of a mutation. Nothing was changed.")
class UserError:
    """Base of the errors; ``message`` is in the language of the request."""

    code: UserErrorCode = strawberry.field(description="The error code, for programs.")
    message: str = strawberry.field(
        description="What is wrong and what to do, for people, in the language of the request."
    )


@strawberry.federation.type(shareable=True, description="A problem with one field of the input.")
class FieldProblem:
    """A problem with one field, as found by the rules of ``hub.complaints``."""

    field: str = strawberry.field(description="The path of the field, such as `reporter.phone`.")
    code: ProblemCode = strawberry.field(description="The kind of problem, for programs.")
    message: str = strawberry.field(
        description="What is wrong and what is allowed, for people, in the language of the request."
    )


@strawberry.federation.type(shareable=True, description="The input is invalid. Nothing was changed.")
class InvalidInput(UserError):
    """An invalid input, with all its problems."""

    problems: list[FieldProblem] = strawberry.field(description="All problems with the input.")

    @classmethod
    def from_problems(cls, problems: Iterable[Problem], language: str) -> Self:
        """Return the error for ``problems``; its message names their fields."""
        field_problems = [
            FieldProblem(field=one.field, code=one.code, message=in_language(one.message, language)) for one in problems
        ]
        fields = ", ".join(dict.fromkeys(one.field for one in field_problems))
        message = in_language(Bilingual(*(sentence.format(fields) for sentence in _INVALID)), language)
        return cls(code=UserErrorCode.INVALID_INPUT, message=message, problems=field_problems)


@strawberry.federation.type(
    shareable=True, description="The idempotency key was already used with a different input. Nothing was changed."
)
class IdempotencyConflict(UserError):
    """A second use of an idempotency key with a different input."""

    @classmethod
    def in_language(cls, language: str) -> Self:
        """Return the error with its message in ``language``."""
        return cls(code=UserErrorCode.IDEMPOTENCY_CONFLICT, message=in_language(_CONFLICT, language))


@strawberry.type(description="A rule does not allow this action now. Nothing was changed.")
class NotAllowed(UserError):
    """A refusal of the workflow; the message states what is allowed."""

    @classmethod
    def from_refusal(cls, refusal: Refusal, language: str) -> Self:
        """Return the error for a refusal of the workflow."""
        return cls(code=UserErrorCode(refusal.code), message=in_language(refusal.message, language))


@strawberry.type(description="The complaint does not exist or is not visible to the viewer. Nothing was changed.")
class ComplaintNotFound(UserError):
    """The viewer cannot distinguish the two cases."""

    @classmethod
    def in_language(cls, language: str) -> Self:
        """Return the error with its message in ``language``."""
        return cls(code=UserErrorCode.NOT_FOUND, message=in_language(_NOT_FOUND, language))
