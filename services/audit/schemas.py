"""Answers of the audit service."""

from typing import Any

from common.web.schema import Out


class ActorOut(Out):
    """Who did it."""

    type: str
    id: str | None
    ip: str | None


class ResourceOut(Out):
    """What it was done to."""

    type: str
    id: str


class AuditEventOut(Out):
    """A link of the chain. Times are text: the hash covers them exactly as they stand here."""

    id: str
    company_id: str | None
    version: int
    created_at: str
    updated_at: str
    sequence: int
    at: str
    actor: ActorOut
    action: str
    resource: ResourceOut
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None
    event_id: str
    hash: str
    previous_hash: str


class BrokenOut(Out):
    """The first link that does not hold. ``reason``: edited, missing, reordered, truncated, rewritten, unaccounted."""

    sequence: int
    reason: str


class VerdictOut(Out):
    """Whether the chain holds, how many events were checked, and the hash of its last one."""

    ok: bool
    events: int
    first_broken: BrokenOut | None
    head: str
