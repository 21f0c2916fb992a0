"""Answers that are the gateway's own."""

from typing import Literal

from common.web.schema import Out

Word = Literal["up", "down"]


class ServiceHealth(Out):
    """One service; ``reason`` only for those who may see the platform."""

    status: Word
    reason: str | None = None


class SuiteHealth(Out):
    """The whole suite, or what selling needs of it."""

    status: Word
    services: dict[str, ServiceHealth]
