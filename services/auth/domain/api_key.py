"""API keys: what machines call with. The key itself is shown once and never stored."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from common.aggregate import Aggregate
from common.errors import Conflict, Forbidden, Invalid
from common.events.identity import ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated, ApiKeyUpdated
from common.identity.permissions import ANONYMOUS, PERMISSIONS, ROLE_PERMISSIONS, with_reads

KeyType = Literal["publishable", "secret"]

PREFIXES: dict[KeyType, str] = {"publishable": "mh_pk_", "secret": "mh_sk_"}
SHOWN_CHARACTERS = 8
OVERLAP_SECONDS = 86_400
LONGEST_OVERLAP_SECONDS = 7 * 86_400
TOKEN_SECONDS = 300
"""How long a token lasts that a key was exchanged for."""

GRANTABLE = (ROLE_PERMISSIONS["company_admin"] | ANONYMOUS) - {"own.account"}
"""What a company's key can be given: never what belongs to the platform, or to a person."""


class ApiKey(Aggregate):
    """A machine's way in. ``tokens_from``: tokens issued before that second (since 1970) are refused."""

    name: str
    type: KeyType
    scopes: list[str]
    prefix: str
    key_hash: str
    previous_hash: str | None = None
    previous_until: datetime | None = None
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    tokens_from: int = 0

    @classmethod
    def make(
        cls,
        *,
        key_id: str,
        company_id: str,
        name: str,
        type: KeyType,
        scopes: list[str],
        prefix: str,
        key_hash: str,
        expires_at: datetime | None,
        now: datetime,
    ) -> "ApiKey":
        """A new key. Raises Invalid ``expiry_passed``."""
        _check_expiry(expires_at, now)
        key = cls(
            id=key_id,
            company_id=company_id,
            name=name,
            type=type,
            scopes=scopes,
            prefix=prefix,
            key_hash=key_hash,
            expires_at=expires_at,
            created_at=now,
            updated_at=now,
        )
        key.record(
            ApiKeyCreated(key_id=key_id, name=name, type=type, scopes=scopes, prefix=prefix, expires_at=expires_at)
        )
        return key

    def ends_at(self, key_hash: str, now: datetime) -> datetime | None:
        """When the presented key stops to count: the latest end for one without any; None if it has stopped."""
        ends = [now + timedelta(seconds=TOKEN_SECONDS)]
        if key_hash != self.key_hash and self.previous_until is not None:
            ends.append(self.previous_until)
        if self.expires_at is not None:
            ends.append(self.expires_at)
        is_over = self.revoked_at is not None or min(ends) <= now
        return None if is_over else min(ends)

    def edit(self, changes: dict[str, Any], now: datetime) -> None:
        """Take a new name or end. An earlier end stops the running tokens. Raises Conflict, Invalid."""
        self._require_live()
        changed = {name: value for name, value in changes.items() if getattr(self, name) != value}
        if not changed:
            return
        revoked_before = None
        if "expires_at" in changed:
            _check_expiry(changed["expires_at"], now)
            revoked_before = self._cut(now) if changed["expires_at"] is not None else None
        before = {name: getattr(self, name) for name in changed}
        for name, value in changed.items():
            setattr(self, name, value)
        self.record(
            ApiKeyUpdated(
                before=before,
                after=changed,
                key_id=self.id,
                name=self.name,
                expires_at=self.expires_at,
                revoked_before=revoked_before,
            )
        )

    def rotate(self, *, key_hash: str, prefix: str, overlap_seconds: int, now: datetime) -> None:
        """Another secret; the present one works on for the overlap. Raises Conflict ``key_revoked``."""
        self._require_live()
        if self.expires_at is not None and self.expires_at <= now:
            raise Conflict("key_expired", "This key has expired; give it a later end first.")
        self.previous_hash, self.previous_until = self.key_hash, now + timedelta(seconds=overlap_seconds)
        self.key_hash, self.prefix = key_hash, prefix
        self.record(
            ApiKeyRotated(
                key_id=self.id,
                name=self.name,
                prefix=prefix,
                previous_until=self.previous_until,
                revoked_before=self._cut(now) if overlap_seconds == 0 else None,
            )
        )

    def revoke(self, now: datetime) -> None:
        """End it. Again: nothing changes."""
        if self.revoked_at is None:
            self.revoked_at = now
            self.record(ApiKeyRevoked(key_id=self.id, name=self.name, revoked_before=self._cut(now)))

    def _require_live(self) -> None:
        if self.revoked_at is not None:
            raise Conflict("key_revoked", "This key was revoked; make a new one.")

    def _cut(self, now: datetime) -> int:
        self.tokens_from = max(int(now.timestamp()), self.tokens_from) + 1
        return self.tokens_from


def scopes_to_give(type: KeyType, wanted: Iterable[str]) -> list[str]:
    """Each once; a publishable key that asks for none may do all that a storefront's visitor may."""
    return list(dict.fromkeys(wanted)) or (sorted(ANONYMOUS) if type == "publishable" else [])


def check_scopes(type: KeyType, scopes: Iterable[str], held: frozenset[str]) -> None:
    """Raises Invalid ``unknown_scope`` or ``scope_not_publishable``, Forbidden for what the giver lacks."""
    known = PERMISSIONS - ROLE_PERMISSIONS["service"]
    _refuse("unknown_scope", scopes, known, "is not the name of a permission")
    require_held(scopes, held)
    _refuse("unknown_scope", scopes, GRANTABLE, "is not for a company's keys")
    if type == "publishable":
        _refuse("scope_not_publishable", scopes, ANONYMOUS, "may only be given to a secret key")


def require_held(permissions: Iterable[str], held: frozenset[str]) -> None:
    """Nobody gives, changes or takes what they lack. Raises Forbidden; what a visitor may, anyone may give."""
    if with_reads(permissions) - with_reads(held) - ANONYMOUS:
        raise Forbidden("permission_denied", "You cannot grant permissions that you do not have.")


def _refuse(code: str, scopes: Iterable[str], allowed: frozenset[str], message: str) -> None:
    refused = [(f"scopes.{number}", message) for number, scope in enumerate(scopes) if scope not in allowed]
    if refused:
        raise Invalid(code, "Some scopes are refused.", refused)


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise Invalid("expiry_passed", "A key expires in the future.", [("expiresAt", "must lie in the future")])
