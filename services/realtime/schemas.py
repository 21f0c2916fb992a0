"""Answers of the realtime service."""

from common.web.schema import Out


class TicketOut(Out):
    """A ticket for one socket; ``expires_in`` in seconds."""

    ticket: str
    expires_in: int
    url: str
