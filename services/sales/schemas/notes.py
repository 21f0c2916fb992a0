"""Notes of staff in and out."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, StringConstraints

from common.web.schema import In, LongText, Out
from services.sales.domain.record import Actor


class NoteIn(In):
    """A new note."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Called; wants it on Friday."}]})

    text: Annotated[LongText, StringConstraints(pattern=r"\S"), AfterValidator(str.strip)]


class NoteOut(Out):
    """A note; ``author`` wrote it."""

    id: str
    text: str
    author: Actor
    created_at: datetime
