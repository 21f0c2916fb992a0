"""From which pages a company's sockets may be opened."""

from starlette.websockets import WebSocket

from common.copies import LocalCopies
from common.errors import Unavailable
from common.identity.principal import Principal
from common.logging import get_logger
from services.realtime.clients import Companies
from services.realtime.domain import origins
from services.realtime.settings import Settings

log = get_logger(__name__)


class Origins:
    """Our own pages, those that every company trusts, and those that the company of the ticket allows."""

    def __init__(self, settings: Settings, copies: LocalCopies, companies: Companies) -> None:
        self._settings = settings
        self._copies = copies
        self._companies = companies

    async def take(self, company_id: str, sequence: int, allowed: list[str]) -> None:
        """A company tells which origins it allows."""
        await self._copies.take(company_id, company_id, sequence, {"allowedOrigins": allowed})

    async def permit(self, socket: WebSocket, who: Principal | None) -> bool:
        """Whether the page behind a handshake may connect; clients that are no browsers name no page."""
        origin = socket.headers.get("origin")
        if origin is None:
            return True
        host = socket.headers.get("x-forwarded-host") or socket.headers.get("host") or ""
        if origins.is_own(origin, host, self._settings.base_domains):
            return True
        if origins.is_allowed(origin, self._settings.allowed_origins):
            return True
        return who is not None and origins.is_allowed(origin, await self._of_company(who.tenant))

    async def _of_company(self, company_id: str) -> list[str]:
        """What a company allows; nothing while nobody can be asked."""
        try:
            known = await self._copies.find(company_id, company_id, lambda: self._companies.find(company_id))
        except Unavailable as error:
            log.warning("origins_unknown", company_id=company_id, error=repr(error))
            return []
        allowed: list[str] = known["allowedOrigins"] if known else []
        return allowed
