"""Links: made with a secret, told to the notification service, opened once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from common.clock import Clock
from common.encryption import Sealer
from common.errors import Forbidden, Invalid, NotFound
from common.identity.principal import Principal
from common.ids import new_id
from common.mongo.transactions import Session as Transaction
from services.auth.domain import PAGES, Link, LinkPurpose
from services.auth.service.digest import Digest
from services.auth.service.guessing import Guessing
from services.auth.store import Links

SECRET_BYTES = 32
SENDER = "notification"


@dataclass(frozen=True, slots=True)
class Told:
    """What the notification service puts into a mail."""

    purpose: LinkPurpose
    token: str
    url: str
    email: str
    name: str | None
    company_id: str | None
    expires_at: datetime


class LinkService:
    """Tokens are ``id.secret``: the id bounds the guesses at one link, the secret is never stored in the clear."""

    def __init__(
        self, store: Links, guessing: Guessing, digest: Digest, sealer: Sealer, clock: Clock, public_url: str
    ) -> None:
        self._store = store
        self._guessing = guessing
        self._digest = digest
        self._sealer = sealer
        self._clock = clock
        self._public_url = public_url.rstrip("/")

    def make(
        self, purpose: LinkPurpose, *, user_id: str | None, email: str, name: str | None, company_id: str | None
    ) -> Link:
        """A link that is not stored yet."""
        link_id = new_id("lnk")
        token = f"{link_id}.{secrets.token_urlsafe(SECRET_BYTES)}"
        return Link.make(
            link_id=link_id,
            company_id=company_id,
            purpose=purpose,
            user_id=user_id,
            email=email,
            name=name,
            token_hash=self._hash(token),
            token_sealed=self._sealer.seal(token),
            now=self._clock.now(),
        )

    async def keep(self, link: Link, transaction: Transaction | None = None) -> None:
        """Store a link; inside a transaction call :meth:`offer` after the commit."""
        await self._store.for_platform().insert(link, session=transaction)

    def offer(self, link: Link) -> None:
        """Hand its event over once the commit has succeeded."""
        self._store.offer(link.id, link.sealed)

    async def tell(self, who: Principal, link_id: str) -> Told:
        """What to mail. Raises NotFound once it is used or over, Forbidden for another service."""
        if who.id != SENDER:
            raise Forbidden("permission_denied", "Links are for whoever mails them.")
        link = await self._store.for_platform().get(link_id)
        if not link.is_open(self._clock.now()):
            raise NotFound("link")
        token = self._sealer.open(link.token_sealed)
        url = f"{self._public_url}{PAGES[link.purpose]}#token={token}"
        return Told(link.purpose, token, url, link.email, link.name, link.company_id, link.expires_at)

    async def find(self, token: str, *purposes: LinkPurpose) -> Link:
        """The open link behind a token. Raises Invalid ``invalid_link``, TooManyRequests."""
        link_id, _, _ = token.partition(".")
        async with self._guessing.of_link(link_id) as attempt:
            link = await self._store.by_hash(self._hash(token))
            if link is None or link.purpose not in purposes or not link.is_open(self._clock.now()):
                raise _invalid()
            attempt.is_right = True
        return link

    async def use(self, link: Link, transaction: Transaction) -> None:
        """Close it and the others for the same. Raises Invalid ``invalid_link`` when another call was faster."""
        now = self._clock.now()
        known = await self._store.by_hash(link.token_hash, transaction)
        if known is None or not known.is_open(now) or known.user_id is None:
            raise _invalid()
        known.used_at = now
        await self._store.for_platform().save(known, session=transaction)
        if known.purpose in ("password_reset", "unlock"):
            await self.void(known.user_id, (known.purpose,), transaction)

    async def void(self, user_id: str, purposes: Sequence[LinkPurpose], transaction: Transaction) -> None:
        """Close whatever is still open of these purposes."""
        await self._store.void(user_id, purposes, self._clock.now(), transaction)

    def _hash(self, token: str) -> str:
        return self._digest.of("link", token)


def _invalid() -> Invalid:
    return Invalid("invalid_link", "This link is unknown, was used, or is over.", [("token", "is not valid")])
