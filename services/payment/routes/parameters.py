"""What the routes of payments have in common."""

from typing import Annotated

from fastapi import Depends, Header, Query, Request

from common.identity.principal import Principal
from common.identity.requires import requires
from services.payment.domain.record import Status
from services.payment.schemas.payments import Method
from services.payment.service import PaymentFilter, PaymentService


def _service(request: Request) -> PaymentService:
    service: PaymentService = request.app.state.service
    return service


def _filter(
    order_id: Annotated[str | None, Query(alias="orderId", max_length=80)] = None,
    status: Status | None = None,
    method: Method | None = None,
    since: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    until: Annotated[str | None, Query(alias="to", max_length=40)] = None,
) -> PaymentFilter:
    return PaymentFilter(order_id, status, method, since, until)


Payments = Annotated[PaymentService, Depends(_service)]
Chosen = Annotated[PaymentFilter, Depends(_filter)]
Payer = Annotated[Principal, requires("payments.process", "own.payments")]
Reader = Annotated[Principal, requires("payments.read")]
OwnReader = Annotated[Principal, requires("payments.read", "own.payments")]
Refunder = Annotated[Principal, requires("payments.refund")]
Capturer = Annotated[Principal, requires("payments.capture")]
Keeper = Annotated[Principal, requires("own.account")]
Configurer = Annotated[Principal, requires("payments.configure")]
Bookkeeper = Annotated[Principal, requires("ledger.read")]
OrderToken = Annotated[str | None, Header(alias="X-Order-Token", max_length=200)]
