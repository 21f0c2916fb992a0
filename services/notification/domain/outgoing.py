"""What a channel is handed: one message to one address, ready to send."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """``tag``: the same for every try of one message, so that whoever takes it can recognise a repetition."""

    to: str
    subject: str
    text: str
    html: str
    tag: str
    created_at: datetime
    data: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A provider took the message; ``provider_id`` is its name there, by which it reports later."""

    provider_id: str | None = None
