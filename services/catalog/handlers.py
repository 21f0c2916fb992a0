"""The inbox of the catalog service."""

from common.events import Envelope
from common.events.catalogue import CategoryDeleted
from common.events.handlers import Handlers
from common.events.orders import OrderCreated
from common.events.stock import BackInStock, LowStock, OutOfStock
from common.events.tenancy import CompanyCreated, CompanyUpdated
from services.catalog.clients.company import CompanyFacts
from services.catalog.domain.stock import StockStatus
from services.catalog.service.catalog import Catalog


async def show_in_stock(catalog: Catalog, event: Envelope[BackInStock]) -> None:
    """A SKU is plentiful again at a warehouse."""
    if event.company_id:
        await _note_stock(catalog, event.company_id, event, "in_stock")


async def show_low_stock(catalog: Catalog, event: Envelope[LowStock]) -> None:
    """A SKU runs low at a warehouse."""
    if event.company_id:
        await _note_stock(catalog, event.company_id, event, "low_stock")


async def show_out_of_stock(catalog: Catalog, event: Envelope[OutOfStock]) -> None:
    """A SKU has run out at a warehouse."""
    if event.company_id:
        await _note_stock(catalog, event.company_id, event, "out_of_stock")


async def empty_cart(catalog: Catalog, event: Envelope[OrderCreated]) -> None:
    """What was in the cart is ordered."""
    if event.company_id and event.data.cart_id:
        await catalog.carts.empty_after_order(event.company_id, event.data.cart_id, event.id)


async def note_company(catalog: Catalog, event: Envelope[CompanyCreated | CompanyUpdated]) -> None:
    """A company's currency, tax and plan."""
    company = event.data
    facts = CompanyFacts(company.currency, company.settings, company.limits)
    await catalog.companies.take(company.company_id, event.sequence, facts)


async def clear_category(catalog: Catalog, event: Envelope[CategoryDeleted]) -> None:
    """Our own fact: finishes what a crash between deleting and clearing left."""
    if event.company_id:
        await catalog.categories.clear_products(event.company_id, event.data.category_id)
        catalog.kept.forget(event.company_id)


async def _note_stock(
    catalog: Catalog, company_id: str, event: Envelope[BackInStock | LowStock | OutOfStock], status: StockStatus
) -> None:
    await catalog.products.note_stock(company_id, event.data, status, event.sequence)
    catalog.kept.forget(company_id)


HANDLERS: Handlers = {
    BackInStock: show_in_stock,
    LowStock: show_low_stock,
    OutOfStock: show_out_of_stock,
    OrderCreated: empty_cart,
    CompanyCreated: note_company,
    CompanyUpdated: note_company,
    CategoryDeleted: clear_category,
}
