"""The inbox of the shop service."""

from common.events import Envelope
from common.events.handlers import Handlers
from common.events.identity import UserUpdated
from common.events.stock import WarehouseCreated
from common.events.tenancy import CompanyCreated, CompanyUpdated
from services.shop.service import Services


async def note_warehouse(service: Services, event: Envelope[WarehouseCreated]) -> None:
    """Inventory has made a shop's default warehouse."""
    if event.company_id and event.data.shop_id:
        await service.shops.note_warehouse(event.company_id, event.data.shop_id, event.data.warehouse_id, event.id)


async def follow_account(service: Services, event: Envelope[UserUpdated]) -> None:
    """An invitation was accepted, or an account renamed or disabled."""
    if event.company_id:
        await service.shops.follow_account(event.company_id, event.data, event.id)


async def note_company(service: Services, event: Envelope[CompanyCreated | CompanyUpdated]) -> None:
    """A company was founded, or changed its name, time zone or plan."""
    await service.companies.take(event.data, event.sequence)


HANDLERS: Handlers = {
    CompanyCreated: note_company,
    CompanyUpdated: note_company,
    WarehouseCreated: note_warehouse,
    UserUpdated: follow_account,
}
