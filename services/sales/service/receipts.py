"""Receipts of till sales: shown, and sent by mail on request."""

from zoneinfo import ZoneInfo

from common.errors import NotFound
from common.events.orders import SaleReceiptRequested
from common.identity.principal import Principal
from common.web.etag import again_when_overtaken
from services.sales.domain.order import Order
from services.sales.domain.receipt import Receipt, receipt_of
from services.sales.service.copies import Copies
from services.sales.service.till import TillService
from services.sales.store import Orders


class ReceiptService:
    """Receipts for those who sell, and for the service that mails them."""

    def __init__(self, orders: Orders, till: TillService, copies: Copies) -> None:
        self._orders = orders
        self._till = till
        self._copies = copies

    async def read(self, who: Principal, sale_id: str) -> Receipt:
        """The receipt of a sale of the caller's shops. Raises NotFound."""
        return await self._receipt(await self._till.read(who, sale_id))

    async def tell(self, company_id: str, sale_id: str) -> Receipt:
        """The receipt of a sale, for other services. Raises NotFound."""
        order = await self._orders.for_company(company_id).get(sale_id)
        if order.channel != "pos":
            raise NotFound("sale")
        return await self._receipt(order)

    async def mail(self, who: Principal, sale_id: str, email: str, request_id: str) -> None:
        """Ask for a receipt to be mailed, once a request. Raises NotFound."""

        async def change() -> None:
            order = await self._till.read(who, sale_id)
            if not order.remember(request_id):
                return
            order.record(
                SaleReceiptRequested(
                    order_id=order.id,
                    number=order.number,
                    shop_id=order.shop_id,
                    customer_id=order.customer_id,
                    email=email,
                    request_id=request_id,
                )
            )
            await self._orders.for_company(who.tenant).save(order)

        await again_when_overtaken(change)

    async def _receipt(self, order: Order) -> Receipt:
        company_id = str(order.company_id)
        company = await self._copies.company(company_id)
        shop_name, zone = await self._copies.shop_name_and_zone(company_id, order.shop_id or "")
        return receipt_of(
            order, company_name=company.name, shop_name=shop_name, zone=ZoneInfo(zone or company.timezone)
        )
