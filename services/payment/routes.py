"""HTTP of the payment service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from common.identity.principal import Principal
from common.identity.requires import Anyone, requires
from common.pagination import Page, PageRequest
from common.web.etag import tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from services.payment.domain.payment import Status
from services.payment.schemas import BalancesOut, Method, PaymentOut, ProcessIn, RefundIn, RefundOut
from services.payment.service import PaymentFilter, PaymentService

router = APIRouter(prefix="/api/payments", tags=["payments"])


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
Payer = Annotated[Principal, requires("payments.process", "own.payments")]
Reader = Annotated[Principal, requires("payments.read")]
OwnReader = Annotated[Principal, requires("payments.read", "own.payments")]
Refunder = Annotated[Principal, requires("payments.refund")]
OrderToken = Annotated[str | None, Header(alias="X-Order-Token", max_length=200)]


@router.post("/process", responses={202: {"model": PaymentOut}})
async def process_payment(
    body: ProcessIn, who: Payer, payments: Payments, once: Idempotent, response: Response, token: OrderToken = None
) -> PaymentOut:
    """Pay an order."""

    async def work() -> PaymentOut:
        payment = await payments.processing.process(
            who,
            order_id=body.order_id,
            method=body.method,
            instrument=body.payment_method_token,
            order_token=token,
            payment_id=once.id_for("pay"),
        )
        return PaymentOut.of(payment)

    paid = await once(work, status=_status)
    response.status_code = _status(paid)
    return paid


@router.get("")
async def list_payments(
    who: Reader,
    payments: Payments,
    chosen: Annotated[PaymentFilter, Depends(_filter)],
    page: Annotated[PageRequest, listing("updatedAt")],
) -> Page[PaymentOut]:
    """List payments; staff see those of their shops."""
    found = await payments.reading.list(who, chosen, page)
    return Page(items=[PaymentOut.of(payment) for payment in found.items], next_cursor=found.next_cursor)


@router.get("/ledger/balances")
async def read_balances(who: Reader, payments: Payments) -> BalancesOut:
    """Read the ledger's balances."""
    return BalancesOut.model_validate(await payments.reading.balances(who))


@router.get("/{payment_id}")
async def read_payment(
    payment_id: str, who: OwnReader, payments: Payments, response: Response, token: OrderToken = None
) -> PaymentOut:
    """Read one payment."""
    payment = await payments.reading.read(who, payment_id, token)
    tag(response, payment.version)
    return PaymentOut.of(payment)


@router.post("/{payment_id}/refund", status_code=201)
async def refund_payment(
    payment_id: str, body: RefundIn, who: Refunder, payments: Payments, once: Idempotent
) -> RefundOut:
    """Refund a payment, whole or in part."""

    async def work() -> RefundOut:
        payment, refund = await payments.refunding.refund(
            who, payment_id, refund_id=once.id_for("rfd"), amount=body.amount, reason=body.reason
        )
        return RefundOut.of(payment, refund)

    return await once(work, status=201)


@router.post("/webhooks/stripe/{account_id}", status_code=204)
async def take_stripe_event(
    account_id: str,
    who: Anyone,
    payments: Payments,
    request: Request,
    signature: Annotated[str | None, Header(alias="Stripe-Signature", max_length=1000)] = None,
) -> None:
    """Take a signed event of the card provider."""
    await payments.webhooks.take_stripe(account_id, await request.body(), signature)


def _status(paid: PaymentOut) -> int:
    """202 while the verdict is open."""
    return 202 if paid.status in ("pending", "processing", "requires_action") else 200
