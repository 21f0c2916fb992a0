"""What other services may ask."""

from typing import Annotated

from fastapi import APIRouter

from common.identity.principal import Principal
from common.identity.requires import internal_from
from services.sales.routes import translation
from services.sales.routes.parameters import Sales
from services.sales.schemas.customers import CustomerFacts
from services.sales.schemas.orders import InstrumentOut, OrderFacts

router = APIRouter(prefix="/internal", tags=["internal"], include_in_schema=False)

Follower = Annotated[Principal, internal_from("payment", "notification", "realtime")]
Charger = Annotated[Principal, internal_from("payment")]
CustomerReader = Annotated[Principal, internal_from("debt", "analytics")]


@router.get("/orders/{order_id}")
async def tell_order(order_id: str, who: Follower, sales: Sales) -> OrderFacts:
    """Where an order stands."""
    order = await sales.orders.tell(who.tenant, order_id)
    return translation.facts_out(order, await sales.customers.account_of(who.tenant, order.customer_id))


@router.get("/orders/{order_id}/instrument")
async def tell_instrument(order_id: str, who: Charger, sales: Sales) -> InstrumentOut:
    """The payment-method token; for the payment service alone."""
    token, placed_by = await sales.orders.instrument(who, order_id)
    return InstrumentOut(payment_method_token=token, placed_by=placed_by)


@router.get("/customers/{customer_id}")
async def tell_customer(customer_id: str, who: CustomerReader, sales: Sales) -> CustomerFacts:
    """Who a customer is."""
    return CustomerFacts.model_validate(await sales.customers.read(who, customer_id))
