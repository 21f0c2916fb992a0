"""Own domains of a company: claimed first, then proved by a TXT record that only the domain's owner can set."""

from datetime import datetime, timedelta
from typing import Literal

from common.aggregate import Aggregate
from common.errors import Conflict
from common.events.tenancy import DomainClaimed, DomainRemoved, DomainVerified

DomainStatus = Literal["pending", "verified"]
Reason = Literal["deleted", "moved", "proof_lost"]

LIMIT = 20
"""How many domains one company may claim."""

CHECKED_EVERY = timedelta(days=1)
ASKED_AGAIN_AFTER = timedelta(hours=1)
"""The next look at a domain whose proof was not to be seen, or whose name servers did not answer."""

GRACE = timedelta(days=3)
"""How long a lost proof may be mended before the domain stops."""

_LABEL = "_markethall"
_VALUE = "markethall-verification="


def proof_name(domain: str) -> str:
    """Where the TXT record must stand."""
    return f"{_LABEL}.{domain}"


def proof(token: str) -> str:
    """What the TXT record must say."""
    return _VALUE + token


class Domain(Aggregate):
    """One company's claim to a domain. Several may claim the same; who proves it last has it.

    ``slot`` is one of the company's ``LIMIT`` places; ``lost_at`` when the proof was first missed.
    """

    company_id: str
    name: str
    token: str
    slot: int
    status: DomainStatus = "pending"
    verified_at: datetime | None = None
    checked_at: datetime | None = None
    check_at: datetime | None = None
    lost_at: datetime | None = None
    deleted_at: datetime | None = None

    @classmethod
    def claim(cls, *, domain_id: str, company_id: str, name: str, token: str, slot: int, now: datetime) -> "Domain":
        """A new claim, still without its proof."""
        made = cls(
            id=domain_id, company_id=company_id, name=name, token=token, slot=slot, created_at=now, updated_at=now
        )
        made.record(DomainClaimed(domain_id=domain_id, name=name))
        return made

    def take(self, found: list[str], now: datetime) -> None:
        """Judge what the TXT record says when its company asks. Raises Conflict ``domain_proof_missing``."""
        if proof(self.token) not in found:
            detail = f"The TXT record of {proof_name(self.name)} does not hold the proof."
            raise Conflict("domain_proof_missing", detail, found=sorted(found))
        self._stands(now)

    def look_again(self, found: list[str] | None, now: datetime) -> None:
        """Take a later look at the proof; None when the name servers did not answer, which proves nothing."""
        if found is None:
            self.check_at = now + ASKED_AGAIN_AFTER
            return
        if proof(self.token) in found:
            self._stands(now)
            return
        self.checked_at, self.check_at = now, now + ASKED_AGAIN_AFTER
        self.lost_at = self.lost_at or now
        if now - self.lost_at >= GRACE:
            self.lose("proof_lost")

    def lose(self, reason: Reason) -> None:
        """Back to a claim: calls to the domain no longer reach the company."""
        self.status, self.verified_at, self.check_at, self.lost_at = "pending", None, None, None
        self.record(DomainRemoved(domain_id=self.id, name=self.name, reason=reason))

    def drop(self, now: datetime) -> None:
        """Give the claim up; a new one starts with another token."""
        self.deleted_at = now
        self.lose("deleted")

    def _stands(self, now: datetime) -> None:
        self.checked_at, self.check_at, self.lost_at = now, now + CHECKED_EVERY, None
        if self.status == "pending":
            self.status, self.verified_at = "verified", now
            self.record(DomainVerified(domain_id=self.id, name=self.name))
