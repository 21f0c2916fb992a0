"""The inbox of the realtime service: whose pages may open a socket. All else it hears in the feed."""

from common.events import Envelope
from common.events.handlers import Handlers
from common.events.tenancy import CompanyCreated, CompanyUpdated
from services.realtime.service import RealtimeService


async def know_company(service: RealtimeService, event: Envelope[CompanyCreated | CompanyUpdated]) -> None:
    """Keep what a company allows."""
    data = event.data
    await service.origins.take(data.company_id, event.sequence, data.settings.allowed_origins)


HANDLERS: Handlers = {CompanyCreated: know_company, CompanyUpdated: know_company}
