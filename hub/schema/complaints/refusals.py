"""What mutations of complaints answer when nothing was done, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import strawberry

from hub.complaints.problems import Message, Problem, ProblemCode
from hub.complaints.workflow import Refusal, RefusalCode

_CONFLICT = Message(
    "Kunci idempotensi ini sudah dipakai dengan masukan lain; gunakan kunci baru.",
    "This idempotency key was used with another input; use a new key for something new.",
)
_NOT_FOUND = Message(
    "Aduan tidak ditemukan atau tidak dapat Anda lihat; periksa nomor tiket.",
    "There is no such complaint that you may see; check the ticket.",
)


@strawberry.federation.type(shareable=True, description="One thing wrong with one field of the input.")
class FieldProblem:
    """As the rules told it."""

    field: str = strawberry.field(description="The field, such as `reporter.phone`.")
    code: str = strawberry.field(description=f"What is wrong, for programs: {', '.join(ProblemCode)}.")
    message: str = strawberry.field(description="What is wrong and what is allowed, for people.")


@strawberry.federation.type(shareable=True, description="The input cannot be taken; nothing was done.")
class InvalidInput:
    """All problems at once."""

    problems: list[FieldProblem] = strawberry.field(description="Everything that is wrong.")

    @classmethod
    def of(cls, problems: Iterable[Problem], language: str) -> Self:
        """What the rules found."""
        return cls(
            problems=[
                FieldProblem(field=one.field, code=one.code.value, message=one.message.in_language(language))
                for one in problems
            ]
        )


@strawberry.federation.type(
    shareable=True, description="The idempotency key was used before with another input; nothing was done."
)
class IdempotencyConflict:
    """A new act needs a new key."""

    message: str = strawberry.field(description="What to do.")

    @classmethod
    def of(cls, language: str) -> Self:
        """Always the same."""
        return cls(message=_CONFLICT.in_language(language))


@strawberry.type(description="A rule does not allow this now; nothing was done.")
class NotAllowed:
    """A rule refuses."""

    code: str = strawberry.field(description=f"Why, for programs: {', '.join(RefusalCode)}.")
    message: str = strawberry.field(description="Why, and what is allowed instead.")

    @classmethod
    def of(cls, refusal: Refusal, language: str) -> Self:
        """As the workflow says it."""
        return cls(code=refusal.code.value, message=refusal.message.in_language(language))


@strawberry.type(description="There is no such complaint, or it is not yours to see.")
class ComplaintNotFound:
    """Both look the same."""

    message: str = strawberry.field(description="What to check.")

    @classmethod
    def of(cls, language: str) -> Self:
        """Always the same."""
        return cls(message=_NOT_FOUND.in_language(language))
