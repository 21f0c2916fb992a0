"""What the routes share: the use cases, and the parameters of lists."""

import re
from typing import Annotated

from fastapi import Depends, Header, Query, Request

from common.money import LARGEST_AMOUNT
from common.web.schema import Identifier, LongText
from services.sales.domain.record import Channel, FulfilmentMethod, Method
from services.sales.domain.states import FulfilmentStatus, PaymentStatus, Status
from services.sales.service import SalesService
from services.sales.service.customers import WantedCustomers
from services.sales.service.filters import Filters

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})")


def _service(request: Request) -> SalesService:
    service: SalesService = request.app.state.service
    return service


def _filters(
    status: Annotated[Status | None, Query()] = None,
    payment_status: Annotated[PaymentStatus | None, Query(alias="paymentStatus")] = None,
    fulfilment_status: Annotated[FulfilmentStatus | None, Query(alias="fulfilmentStatus")] = None,
    channel: Annotated[Channel | None, Query()] = None,
    customer_id: Annotated[Identifier | None, Query(alias="customerId")] = None,
    shop_id: Annotated[Identifier | None, Query(alias="shopId")] = None,
    payment_method: Annotated[Method | None, Query(alias="paymentMethod")] = None,
    fulfilment_method: Annotated[FulfilmentMethod | None, Query(alias="fulfilmentMethod")] = None,
    email: Annotated[LongText | None, Query(max_length=320)] = None,
    number: Annotated[LongText | None, Query(max_length=40)] = None,
    sku: Annotated[LongText | None, Query(max_length=64)] = None,
    min_total: Annotated[int | None, Query(alias="minTotal", ge=0, le=LARGEST_AMOUNT)] = None,
    max_total: Annotated[int | None, Query(alias="maxTotal", ge=0, le=LARGEST_AMOUNT)] = None,
    begin: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
    search: Annotated[LongText | None, Query(max_length=200)] = None,
) -> Filters:
    return Filters(
        status=status,
        payment_status=payment_status,
        fulfilment_status=fulfilment_status,
        channel=channel,
        customer_id=customer_id,
        shop_id=shop_id,
        payment_method=payment_method,
        fulfilment_method=fulfilment_method,
        email=email,
        number=number,
        sku=sku,
        min_total=min_total,
        max_total=max_total,
        begin=begin,
        end=end,
        search=search,
    )


def _span(
    shop_id: Annotated[Identifier | None, Query(alias="shopId")] = None,
    begin: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
) -> Filters:
    return Filters(shop_id=shop_id, begin=begin, end=end)


def _sale_filters(
    customer_id: Annotated[Identifier | None, Query(alias="customerId")] = None,
    shop_id: Annotated[Identifier | None, Query(alias="shopId")] = None,
    client_sale_id: Annotated[str | None, Query(alias="clientSaleId", max_length=100)] = None,
    begin: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
    search: Annotated[LongText | None, Query(max_length=200)] = None,
) -> Filters:
    return Filters(
        customer_id=customer_id, shop_id=shop_id, client_sale_id=client_sale_id, begin=begin, end=end, search=search
    )


def _customer_filters(
    search: Annotated[LongText | None, Query(max_length=200)] = None,
    email: Annotated[LongText | None, Query(max_length=320)] = None,
    tag: Annotated[LongText | None, Query(max_length=50)] = None,
    group: Annotated[LongText | None, Query(max_length=50)] = None,
    archived: Annotated[bool, Query()] = False,
) -> WantedCustomers:
    return WantedCustomers(search=search, email=email, tag=tag, group=group, archived=archived)


def _wait_seconds(prefer: Annotated[str | None, Header(max_length=200)] = None) -> int:
    """``Prefer: wait=N`` (RFC 7240), at most ten seconds; anything else is not ours to prefer."""
    found = _WAIT.search(prefer or "")
    return min(int(found.group(1)), 10) if found else 0


Sales = Annotated[SalesService, Depends(_service)]
OrderFilters = Annotated[Filters, Depends(_filters)]
SpanFilters = Annotated[Filters, Depends(_span)]
SaleFilters = Annotated[Filters, Depends(_sale_filters)]
CustomerFilters = Annotated[WantedCustomers, Depends(_customer_filters)]
WaitSeconds = Annotated[int, Depends(_wait_seconds)]
OrderToken = Annotated[str | None, Header(alias="X-Order-Token", max_length=200)]
