"""Claiming, proving and keeping a company's own domains."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace

from common import context
from common.clock import Clock
from common.errors import Conflict, NotFound, Unavailable
from common.ids import new_id
from common.lease import Lease, NotHolder
from common.logging import get_logger
from common.mongo.transactions import Session, transact
from common.pagination import Page, PageRequest
from common.web.etag import again_when_overtaken
from services.company.clients import Proofs
from services.company.domain import LIMIT, Domain, normal, proof_name
from services.company.store import Domains

log = get_logger(__name__)

TOKEN_BYTES = 24
SWEEP_SECONDS = 60
SWEEP_LIMIT = 50


class DomainService:
    """The domains at which a company's customers find it."""

    def __init__(self, domains: Domains, proofs: Proofs, clock: Clock, base_domains: Sequence[str]) -> None:
        self._domains = domains
        self._proofs = proofs
        self._clock = clock
        self._base_domains = base_domains

    async def claim(self, company_id: str, name: str) -> Domain:
        """The company's claim to a name, made where there is none yet. Another company's claim is no hindrance.

        Raises Invalid ``domain_invalid``, Conflict ``domain_limit_reached``.
        """
        written = normal(name, self._base_domains)
        store = self._domains.for_company(company_id)
        for _ in range(LIMIT):
            held = await store.held()
            known = next((domain for domain in held if domain.name == written), None)
            if known is not None:
                return known
            free = sorted(set(range(LIMIT)) - {domain.slot for domain in held})
            if not free:
                raise Conflict("domain_limit_reached", f"A company has at most {LIMIT} domains.")
            try:
                return await store.insert(self._new(company_id, written, free[0]))
            except Conflict:  # somebody took the name or the place meanwhile: look again
                continue
        raise Conflict("domain_limit_reached", f"A company has at most {LIMIT} domains.")

    async def list(self, company_id: str, page: PageRequest) -> Page[Domain]:
        """The company's domains."""
        return await self._domains.for_company(company_id).page({"deletedAt": None}, page)

    async def verify(self, company_id: str, name: str) -> Domain:
        """Look for the proof, and take the domain from whoever had it before.

        Raises NotFound, Conflict ``domain_proof_missing``, Unavailable ``dns_unavailable``.
        """
        claimed = await self._of_name(company_id, name)
        found = await self._proofs.texts(proof_name(claimed.name))

        async def take(session: Session) -> list[Domain]:
            domain = await self._of_name(company_id, claimed.name, session)
            before = await self._domains.for_platform().verified(domain.name, session)
            domain.take(found, self._clock.now())
            changed = []
            if before is not None and before.id != domain.id:
                before.lose("moved")
                changed.append(await self._save_unseen(before, session))
            changed.append(await self._domains.for_company(company_id).save(domain, session=session))
            return changed

        async def commit() -> Domain:
            changed = await transact(self._domains.ground.client, take)
            for each in changed:
                self._domains.offer(each.id, each.sealed)
            return changed[-1]

        return await again_when_overtaken(commit)

    async def remove(self, company_id: str, name: str) -> None:
        """Give a domain up. Raises NotFound."""

        async def drop() -> None:
            domain = await self._of_name(company_id, name)
            domain.drop(self._clock.now())
            await self._domains.for_company(company_id).save(domain)

        await again_when_overtaken(drop)

    async def holder(self, name: str) -> Domain:
        """Whose a name is, as proved, for the gateway. Raises NotFound."""
        domain = await self._domains.for_platform().verified(name)
        if domain is None:
            raise NotFound("domain")
        return domain

    async def verified_names(self, company_id: str) -> Sequence[str]:
        """The names that lead to a company."""
        return [each.name for each in await self._domains.for_company(company_id).held() if each.status == "verified"]

    async def sweep_for_ever(self) -> None:
        """Look at the proofs again, one copy of the service at a time."""
        lease = Lease(self._domains.ground.database, "domains")
        while True:
            try:
                async with lease.held():
                    await self.sweep()
            except NotHolder:
                log.debug("lease_elsewhere", lease="domains")
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Look again at every proof whose time has come."""
        due = {"checkAt": {"$lte": self._clock.now()}, "status": "verified"}
        while domains := await self._domains.for_platform().find_many(due, SWEEP_LIMIT, sort="checkAt"):
            for domain in domains:
                await self._look_again(domain.company_id, domain.name)

    async def _look_again(self, company_id: str, name: str) -> None:
        try:
            found = await self._proofs.texts(proof_name(name))
        except Unavailable:
            found = None

        async def look() -> None:
            domain = await self._domains.for_company(company_id).of_name(name)
            if domain is None or domain.status != "verified":
                return
            domain.look_again(found, self._clock.now())
            await self._domains.for_company(company_id).save(domain)

        await again_when_overtaken(look)

    async def _save_unseen(self, domain: Domain, session: Session) -> Domain:
        """Save what happens to one company by another's doing: who did it is not the first one's to know."""
        nobody = replace(context.current(), actor="system", client_ip=None)
        with context.scope(nobody):
            return await self._domains.for_company(domain.company_id).save(domain, session=session)

    async def _of_name(self, company_id: str, name: str, session: Session | None = None) -> Domain:
        written = normal(name, self._base_domains)
        domain = await self._domains.for_company(company_id).of_name(written, session)
        if domain is None:
            raise NotFound("domain")
        return domain

    def _new(self, company_id: str, name: str, slot: int) -> Domain:
        return Domain.claim(
            domain_id=new_id("dom"),
            company_id=company_id,
            name=name,
            token=secrets.token_urlsafe(TOKEN_BYTES),
            slot=slot,
            now=self._clock.now(),
        )
