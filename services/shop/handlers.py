"""The inbox of the shop service."""

from common.events import Envelope
from common.events.handlers import Handlers
from common.events.identity import UserUpdated
from common.events.stock import WarehouseCreated
from services.shop.service import ShopService


async def note_warehouse(service: ShopService, event: Envelope[WarehouseCreated]) -> None:
    """Inventory has made a shop's default warehouse."""
    if event.company_id and event.data.shop_id:
        await service.note_warehouse(event.company_id, event.data.shop_id, event.data.warehouse_id, event.id)


async def follow_account(service: ShopService, event: Envelope[UserUpdated]) -> None:
    """An invitation was accepted, or an account renamed or disabled."""
    if event.company_id:
        await service.follow_account(event.company_id, event.data, event.id)


HANDLERS: Handlers = {WarehouseCreated: note_warehouse, UserUpdated: follow_account}
