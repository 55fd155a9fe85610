"""Parses calls to the LAPOR sandbox, strictly by contract lapor#create, lapor#follow-up."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from hub.connectors.lapor.sandbox import masters
from hub.connectors.lapor.sandbox.query import Refused

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _among(known: Collection[object]) -> AfterValidator:
    def check(value: object) -> object:
        if value not in known:
            raise ValueError("not in the master")
        return value

    return AfterValidator(check)


def _list_in_text(value: str) -> str:
    if value and not isinstance(json.loads(value.removesuffix(".")), list):
        raise ValueError("no list")
    return value


_Institution = Annotated[int, _among(masters.INSTITUTIONS)]
_ListInText = Annotated[str, AfterValidator(_list_in_text)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore")

    @classmethod
    def read(cls, body: Any) -> Self:
        """Parse a body; raise ``Refused`` with every field that is missing or of the wrong type."""
        try:
            return cls.model_validate(body)
        except ValidationError as wrong:
            names = dict.fromkeys(str(error["loc"][0]) if error["loc"] else "body" for error in wrong.errors())
            raise Refused({name: [f"Kolom {name} wajib diisi dengan benar."] for name in names}) from None


class NewReport(_Form):
    """The body of a create (contract lapor#create); numbers are numbers, and flags are flags."""

    model_config = ConfigDict(strict=True, extra="ignore")

    title: _Text
    content: _Text
    channel: Annotated[int, _among(masters.CHANNELS)] = masters.OTHER_CHANNEL
    classification_id: Annotated[int, _among(masters.CLASSIFICATIONS)] = 6
    category_id: Annotated[int, _among(masters.CATEGORY_NAMES)] = masters.CATEGORY_IDS["OTHER"]
    disposition_id: _Institution | None = None
    location_id: Annotated[int, _among(masters.LOCATIONS)] = masters.WHOLE_PROVINCE
    nameUser: str | None = None
    emailUser: str | None = None
    phoneUser: str | None = None
    date_of_incident: str | None = None
    is_anonymous: bool = False
    is_secret: bool = False
    is_priority: bool = False
    info_disposition: str | None = None
    info_attachments: _ListInText = "[]"
    attachments: _ListInText = "[]"
    tags_raw: Annotated[str, Field(pattern=r"^(#[^#\s]+)*$")] = ""

    @property
    def user(self) -> dict[str, str | None] | None:
        """The reporter, None if anonymous or secret."""
        if self.is_anonymous or self.is_secret or not self.nameUser:
            return None
        return {"name": self.nameUser, "phone": self.phoneUser, "email": self.emailUser}


class NewFollowup(_Form):
    """The fields of a follow-up, a form: all are text, and an empty one counts as missing."""

    complaint_id: int
    content: _Text
    institution_from_id: _Institution | None = None
    institution_to_id: _Institution | None = None
    template_code: Annotated[str, _among(masters.TEMPLATES)] | None = None
    rating: Annotated[int, Field(ge=1, le=5)] | None = None
    is_secret: bool = False

    @classmethod
    def read(cls, form: Mapping[str, Any]) -> Self:
        """Parse a form; see ``_Form.read``."""
        return super().read({name: value for name, value in form.items() if isinstance(value, str) and value})


class Rejection(_Form):
    """A refusal of authority: ``reason`` is the institution that must answer instead."""

    model_config = ConfigDict(strict=True, extra="ignore")

    is_request: Literal[1]
    reason: _Institution
    reason_description: _Text
    not_authority: Literal[0, 1]


class Edit(_Form):
    """A new text for a report."""

    admin: Annotated[str, BeforeValidator(str)]
    content: _Text
