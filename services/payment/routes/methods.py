"""Kept methods, and what a company takes."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from common.pagination import PageRequest
from common.web.etag import IfMatch, tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from services.payment.domain.methods import PREFIX
from services.payment.routes.paging import cut
from services.payment.routes.parameters import Configurer, Keeper, OwnReader, Payments
from services.payment.schemas.methods import (
    AcceptedOut,
    MethodIn,
    MethodsOut,
    SavedMethodOut,
    SettingsIn,
    SettingsOut,
)

router = APIRouter(prefix="/api/payments", tags=["payment methods"])


@router.get("/methods")
async def list_methods(
    who: OwnReader,
    payments: Payments,
    page: Annotated[PageRequest, listing()],
    customer_id: Annotated[str | None, Query(alias="customerId", max_length=80)] = None,
) -> MethodsOut:
    """List what can be paid with: the own kept methods, and the kinds that the company takes."""
    kept, accepted = await payments.methods.list(who, customer_id)
    shown = cut([SavedMethodOut.of(saved) for saved in kept], page)
    return MethodsOut(
        items=shown.items,
        next_cursor=shown.next_cursor,
        accepted=[AcceptedOut(method=method, provider=provider) for method, provider in accepted],
    )


@router.post("/methods", status_code=201)
async def save_method(body: MethodIn, who: Keeper, payments: Payments, once: Idempotent) -> SavedMethodOut:
    """Keep a payment method for later."""

    async def work() -> SavedMethodOut:
        return SavedMethodOut.of(await payments.methods.save(who, body.payment_method_token, once.id_for(PREFIX)))

    return await once(work, status=201)


@router.delete("/methods/{method_id}", status_code=204)
async def remove_method(method_id: str, who: Keeper, payments: Payments) -> None:
    """Give up a kept payment method."""
    await payments.methods.remove(who, method_id)


@router.get("/settings")
async def read_settings(who: Configurer, payments: Payments, response: Response) -> SettingsOut:
    """Read which payment methods the company takes."""
    settings = await payments.accepting.settings(who.tenant)
    tag(response, settings.version)
    return SettingsOut.of(settings)


@router.patch("/settings")
async def change_settings(
    body: SettingsIn, who: Configurer, payments: Payments, response: Response, if_match: IfMatch = None
) -> SettingsOut:
    """Switch payment methods on and off."""
    settings = await payments.accepting.accept(who, body.accepted_methods, if_match)
    tag(response, settings.version)
    return SettingsOut.of(settings)
