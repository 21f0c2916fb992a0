"""Paying, reading, capturing, voiding, refunding."""

from typing import Annotated

from fastapi import APIRouter, Response

from common.money import Money
from common.pagination import Page, PageRequest
from common.web.etag import tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from services.payment.routes.paging import cut
from services.payment.routes.parameters import (
    Capturer,
    Chosen,
    OrderToken,
    OwnReader,
    Payer,
    Payments,
    Reader,
    Refunder,
)
from services.payment.schemas.payments import CaptureIn, OrderRefundOut, PaymentOut, ProcessIn, RefundIn, RefundOut

router = APIRouter(prefix="/api/payments", tags=["payments"])


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
            amount=body.amount,
        )
        return PaymentOut.of(payment)

    paid = await once(work, status=_status)
    response.status_code = _status(paid)
    return paid


@router.get("")
async def list_payments(
    who: Reader,
    payments: Payments,
    chosen: Chosen,
    page: Annotated[PageRequest, listing("updatedAt")],
) -> Page[PaymentOut]:
    """List payments; staff see those of their shops."""
    found = await payments.reading.list(who, chosen, page)
    return Page(items=[PaymentOut.of(payment) for payment in found.items], next_cursor=found.next_cursor)


@router.post("/orders/{order_id}/refund", status_code=201)
async def refund_order(
    order_id: str, body: RefundIn, who: Refunder, payments: Payments, once: Idempotent
) -> OrderRefundOut:
    """Refund an order, whole or in part, from its payments, the newest first."""

    async def work() -> OrderRefundOut:
        done = await payments.refunding.refund_order(
            who, order_id, id_for=lambda number: once.id_for("rfd", number), amount=body.amount, reason=body.reason
        )
        total = Money.total((refund.amount for _, refund in done), done[0][1].amount.currency)
        refunds = [RefundOut.of(payment, refund) for payment, refund in done]
        return OrderRefundOut(order_id=order_id, amount=total, refunds=refunds)

    return await once(work, status=201)


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


@router.get("/{payment_id}/refunds")
async def list_refunds(
    payment_id: str,
    who: OwnReader,
    payments: Payments,
    page: Annotated[PageRequest, listing()],
    token: OrderToken = None,
) -> Page[RefundOut]:
    """List a payment's refunds."""
    payment = await payments.reading.read(who, payment_id, token)
    return cut([RefundOut.of(payment, refund) for refund in payment.refunds], page)


@router.post("/{payment_id}/capture", responses={202: {"model": PaymentOut}})
async def capture_payment(
    payment_id: str, body: CaptureIn, who: Capturer, payments: Payments, once: Idempotent, response: Response
) -> PaymentOut:
    """Take money that is authorised, or a part of it; the rest is let go."""

    async def work() -> PaymentOut:
        return PaymentOut.of(await payments.capturing.capture(who, payment_id, body.amount, once.id_for("req")))

    taken = await once(work, status=_taken)
    response.status_code = _taken(taken)
    return taken


@router.post("/{payment_id}/void")
async def void_payment(payment_id: str, who: Capturer, payments: Payments, once: Idempotent) -> PaymentOut:
    """Let go of a payment before its money moves."""

    async def work() -> PaymentOut:
        return PaymentOut.of(await payments.capturing.void(who, payment_id))

    return await once(work)


@router.post("/{payment_id}/confirm", responses={202: {"model": PaymentOut}})
async def confirm_payment(
    payment_id: str, who: Payer, payments: Payments, response: Response, token: OrderToken = None
) -> PaymentOut:
    """Ask the provider how a payment stands after its buyer has been there."""
    paid = PaymentOut.of(await payments.processing.confirm(who, payment_id, token))
    response.status_code = _status(paid)
    return paid


def _status(paid: PaymentOut) -> int:
    """202 while the verdict is open."""
    return 202 if paid.status in ("pending", "processing", "requires_action") else 200


def _taken(paid: PaymentOut) -> int:
    """202 while the capture is open."""
    return 202 if paid.status == "authorized" else 200
