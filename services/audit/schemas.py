"""Answers of the audit service."""

from typing import Any, Self

from pydantic import Field

from common.web.schema import Out
from services.audit.domain import Verdict

EXPORT_EXAMPLE = (
    '{"type":"export","companyId":"cmp_01jd","firstSequence":1,"lastSequence":1,"keys":["…"]}\n'
    '{"id":"aud_01jd","sequence":1,"action":"shop.created","hash":"9f2c…","previousHash":"0000…"}\n'
    '{"type":"checkpoint","sequence":1,"hash":"9f2c…","keyId":"5d1e…","signature":"…"}\n'
    '{"type":"end","events":1,"hash":"9f2c…","keyId":"5d1e…","signature":"…"}\n'
)


class ActorOut(Out):
    """Who did it. ``role`` stands where the platform's administrator acted."""

    type: str
    id: str | None
    ip: str | None
    role: str | None = None


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


class CheckpointOut(Out):
    """Where a chain stood, signed: Ed25519 over the RFC 8785 JSON of this without ``signature``.

    ``previous`` is the hex SHA-256 of the whole checkpoint before it, 64 zeros for the first.
    """

    type: str
    id: str
    company_id: str | None
    created_at: str
    sequence: int
    hash: str
    previous: str
    key_id: str
    signature: str


class BrokenOut(Out):
    """The first link that does not hold.

    ``reason``: edited, missing, reordered, truncated, rewritten, unaccounted, or checkpoint where the chain
    holds in itself and a signed checkpoint says otherwise.
    """

    sequence: int
    reason: str


class VerdictOut(Out):
    """Whether the chain holds, how many events were checked, and the hash of its last one.

    ``checkpoints`` is how many signed checkpoints agreed, ``checkpointed`` the sequence of the last of them.
    """

    ok: bool
    events: int
    first_broken: BrokenOut | None
    head: str = Field(examples=["9f2c4a" + "0" * 58])
    checkpoints: int
    checkpointed: int

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """What a check found."""
        broken = None
        if verdict.first_broken_sequence is not None and verdict.reason is not None:
            broken = BrokenOut(sequence=verdict.first_broken_sequence, reason=verdict.reason)
        return cls(
            ok=verdict.ok,
            events=verdict.events,
            first_broken=broken,
            head=verdict.head,
            checkpoints=verdict.checkpoints,
            checkpointed=verdict.checkpointed,
        )
