"""API keys: make, list, rename, rotate, revoke; and exchange one for a token."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import PyMongoError

from common.clock import Clock
from common.errors import Forbidden, NotFound
from common.identity.permissions import with_reads
from common.identity.principal import Principal
from common.identity.tokens import LIFETIME_SECONDS, AccessClaims
from common.ids import new_id
from common.logging import get_logger
from common.pagination import Page, PageRequest
from common.web.etag import again_when_overtaken, check_version
from services.auth.domain import (
    PREFIXES,
    SHOWN_CHARACTERS,
    ApiKey,
    KeyType,
    check_scopes,
    require_held,
    scopes_to_give,
)
from services.auth.service.companies import Companies
from services.auth.service.digest import Digest
from services.auth.service.keys import Keys
from services.auth.store import ApiKeys

log = get_logger(__name__)

SECRET_BYTES = 32
USE_NOTED_SECONDS = 60
NOTING_LIMIT = 1000
PURPOSE = "api key"


@dataclass(frozen=True, slots=True)
class NewKey:
    """What somebody asks for."""

    name: str
    type: KeyType
    scopes: list[str]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A key with its secret: the only time that it can be seen."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The token that a key was exchanged for. ``expires_in`` in seconds."""

    access_token: str
    type: KeyType
    company_id: str
    expires_in: int


class ApiKeyService:
    """A company's keys. Nobody makes, changes or ends a key with a permission that they lack."""

    def __init__(self, store: ApiKeys, keys: Keys, companies: Companies, digest: Digest, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._companies = companies
        self._digest = digest
        self._clock = clock
        self._noting: set[asyncio.Task[None]] = set()

    async def make(self, who: Principal, wanted: NewKey) -> Shown:
        """A new key. Raises Invalid for its scopes or end, Forbidden for what the caller lacks."""
        _require_whole_company(who)
        scopes = scopes_to_give(wanted.type, wanted.scopes)
        check_scopes(wanted.type, scopes, who.permissions)
        secret = _secret(wanted.type)
        key = ApiKey.make(
            key_id=new_id("key"),
            company_id=who.tenant,
            name=wanted.name,
            type=wanted.type,
            scopes=scopes,
            prefix=_shown(wanted.type, secret),
            key_hash=self._digest.of(PURPOSE, secret),
            expires_at=wanted.expires_at,
            now=self._clock.now(),
        )
        return Shown(await self._store.for_company(who.tenant).insert(key), secret)

    async def page(self, company_id: str, page: PageRequest) -> Page[ApiKey]:
        """Keys of a company, revoked ones too."""
        return await self._store.for_company(company_id).page({}, page)

    async def read(self, company_id: str, key_id: str) -> ApiKey:
        """One key. Raises NotFound."""
        return await self._store.for_company(company_id).get(key_id)

    async def edit(self, who: Principal, key_id: str, changes: dict[str, Any], if_match: str | None) -> ApiKey:
        """Another name or end. Raises NotFound, Forbidden, Conflict ``key_revoked``, Invalid, VersionConflict."""
        return await self._change(who, key_id, lambda key: key.edit(changes, self._clock.now()), if_match)

    async def rotate(self, who: Principal, key_id: str, overlap_seconds: int) -> Shown:
        """Another secret; the one before works on for the overlap. Raises as :meth:`edit`."""
        known = await self.read(who.tenant, key_id)
        secret = _secret(known.type)
        digest, prefix = self._digest.of(PURPOSE, secret), _shown(known.type, secret)
        key = await self._change(
            who,
            key_id,
            lambda one: one.rotate(
                key_hash=digest, prefix=prefix, overlap_seconds=overlap_seconds, now=self._clock.now()
            ),
        )
        return Shown(key, secret)

    async def revoke(self, who: Principal, key_id: str) -> None:
        """End a key. Raises NotFound, Forbidden."""
        await self._change(who, key_id, lambda key: key.revoke(self._clock.now()))

    async def exchange(self, secret: str) -> Exchanged:
        """A token for a key. Raises NotFound for one that does not count, Forbidden ``company_suspended``."""
        digest, now = self._digest.of(PURPOSE, secret), self._clock.now()
        key = await self._store.by_hash(digest)
        ends_at = key.ends_at(digest, now) if key is not None else None
        if key is None or ends_at is None or key.company_id is None:
            raise NotFound("API key")
        await self._companies.require_active(key.company_id)
        self._note_use(key, now)
        issued_at = max(int(now.timestamp()), key.tokens_from)
        expires_at = int(ends_at.timestamp())
        token = self._keys.sign(_claims(key, issued_at, expires_at))
        return Exchanged(token, key.type, key.company_id, max(0, expires_at - int(now.timestamp())))

    async def revocations(self) -> list[dict[str, Any]]:
        """Keys of which tokens stopped that may be about still."""
        return await self._store.cut_since(int(self._clock.now().timestamp()) - LIFETIME_SECONDS)

    async def close(self) -> None:
        """Wait for what is still being written."""
        await asyncio.gather(*self._noting)

    async def _change(
        self, who: Principal, key_id: str, change: Callable[[ApiKey], None], if_match: str | None = None
    ) -> ApiKey:
        store = self._store.for_company(who.tenant)

        async def once() -> ApiKey:
            key = await store.get(key_id)
            check_version(if_match, key.version)
            require_held(key.scopes, who.permissions)
            _require_whole_company(who)
            change(key)
            return await store.save(key) if key.recorded else key

        return await again_when_overtaken(once, if_match)

    def _note_use(self, key: ApiKey, now: datetime) -> None:
        """Beside the answer, not before it."""
        before = now - timedelta(seconds=USE_NOTED_SECONDS)
        if len(self._noting) >= NOTING_LIMIT or (key.last_used_at is not None and key.last_used_at >= before):
            return
        task = asyncio.create_task(self._write_use(key.id, now, before))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _write_use(self, key_id: str, now: datetime, before: datetime) -> None:
        try:
            await self._store.note_use(key_id, now, before)
        except PyMongoError as error:
            log.warning("key_use_not_noted", keyId=key_id, error=repr(error))


def _require_whole_company(who: Principal) -> None:
    """A key sees all shops, so whoever is limited to some of them neither makes one nor gets its new secret."""
    if who.is_limited_to_shops:
        raise Forbidden("permission_denied", "Keys see every shop; you work in some of them.")


def _claims(key: ApiKey, issued_at: int, expires_at: int) -> AccessClaims:
    return AccessClaims(
        subject=key.id,
        session_id=key.id,
        role=f"{key.type}_key",
        company_id=key.company_id,
        shop_ids=(),
        customer_id=None,
        email=None,
        permissions=tuple(sorted(with_reads(key.scopes))),
        issued_at=issued_at,
        expires_at=expires_at,
        kind="key",
    )


def _secret(type: KeyType) -> str:
    return PREFIXES[type] + secrets.token_urlsafe(SECRET_BYTES)


def _shown(type: KeyType, secret: str) -> str:
    return secret[: len(PREFIXES[type]) + SHOWN_CHARACTERS]
