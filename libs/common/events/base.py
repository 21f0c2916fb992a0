"""What every event model shares: its wire name, its version, and the register of all of them."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

EVENT_MODELS: dict[str, type["EventData"]] = {}
"""Every event of the suite by its type, filled as the models are defined."""


class EventPart(BaseModel):
    """A value inside an event. Unknown fields are ignored: producers may add, never rename."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class EventData(EventPart):
    """The ``data`` of one event type. ``TYPE`` is ``subject.past_tense``, the routing key on the exchange."""

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    PRODUCER: ClassVar[str] = ""

    def subject_id(self) -> str:
        """The id of the aggregate that this fact is about: the first declared field."""
        return str(getattr(self, next(iter(type(self).model_fields))))

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.TYPE:
            if cls.TYPE in EVENT_MODELS:
                raise TypeError(f"two models for the event {cls.TYPE}")
            EVENT_MODELS[cls.TYPE] = cls
