"""The inbox of the inventory service."""

from common.events import Envelope
from common.events.catalogue import ProductCreated, ProductUpdated
from common.events.handlers import Handlers
from common.events.orders import OrderCancelled, OrderConfirmed, OrderCreated, SaleCompleted, SaleReturned
from common.events.tenancy import CompanyCreated, CompanyUpdated, ShopCreated
from services.inventory.service import InventoryService


async def open_default_warehouse(service: InventoryService, event: Envelope[ShopCreated]) -> None:
    """A shop gets the warehouse that comes with it."""
    if event.company_id:
        await service.warehouses.open_default(event.company_id, event.data)


async def open_stock(service: InventoryService, event: Envelope[ProductCreated]) -> None:
    """A product gets stock of 0."""
    if event.company_id:
        await service.following.product(event.company_id, event)


async def follow_product(service: InventoryService, event: Envelope[ProductUpdated]) -> None:
    """New variants get stock of 0."""
    if event.company_id:
        await service.following.product(event.company_id, event)


async def follow_company(service: InventoryService, event: Envelope[CompanyCreated]) -> None:
    """The company's low-stock threshold and time zone."""
    await service.following.company(event.data.company_id, event)


async def follow_settings(service: InventoryService, event: Envelope[CompanyUpdated]) -> None:
    """Changed settings of a company."""
    await service.following.company(event.data.company_id, event)


async def reserve_stock(service: InventoryService, event: Envelope[OrderCreated]) -> None:
    """Hold everything an order needs, or nothing."""
    if event.company_id:
        await service.reserving.reserve(event.company_id, event)


async def deduct_stock(service: InventoryService, event: Envelope[OrderConfirmed]) -> None:
    """What was held is sold."""
    if event.company_id:
        await service.taking.confirm(event.company_id, event.data.order_id)


async def return_stock(service: InventoryService, event: Envelope[OrderCancelled]) -> None:
    """Free what was held, put back what was sold, remember what was never heard of."""
    if event.company_id:
        await service.taking.cancel(event.company_id, event.data.order_id, event.data.shop_id)


async def take_sold(service: InventoryService, event: Envelope[SaleCompleted]) -> None:
    """A till has handed goods over."""
    if event.company_id:
        await service.taking.sell(event.company_id, event)


async def take_back(service: InventoryService, event: Envelope[SaleReturned]) -> None:
    """Goods came back to a shop."""
    if event.company_id:
        await service.taking.take_back(event.company_id, event)


HANDLERS: Handlers = {
    CompanyCreated: follow_company,
    CompanyUpdated: follow_settings,
    ShopCreated: open_default_warehouse,
    ProductCreated: open_stock,
    ProductUpdated: follow_product,
    OrderCreated: reserve_stock,
    OrderConfirmed: deduct_stock,
    OrderCancelled: return_stock,
    SaleCompleted: take_sold,
    SaleReturned: take_back,
}
