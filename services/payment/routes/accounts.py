"""Companies' own accounts at the providers, and the callbacks of all accounts."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from common.identity.requires import Anyone
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from services.payment.domain.provider_account import PREFIX
from services.payment.routes.parameters import Configurer, Payments
from services.payment.schemas.accounts import AccountIn, AccountOut, AccountPatchIn, ProviderEventOut

router = APIRouter(prefix="/api/payments", tags=["payment accounts"])


@router.get("/accounts")
async def list_accounts(
    who: Configurer, payments: Payments, page: Annotated[PageRequest, listing()]
) -> Page[AccountOut]:
    """List the company's own accounts at payment providers."""
    found = await payments.connecting.list(who, page)
    items = [AccountOut.of(account, payments.public_url) for account in found.items]
    return Page(items=items, next_cursor=found.next_cursor)


@router.post("/accounts", status_code=201)
async def connect_account(body: AccountIn, who: Configurer, payments: Payments, once: Idempotent) -> AccountOut:
    """Connect the company's own account at a payment provider."""

    async def work() -> AccountOut:
        account = await payments.connecting.connect(
            who, once.id_for(PREFIX), body.provider, body.name, body.client_id, body.keys()
        )
        return AccountOut.of(account, payments.public_url)

    return await once(work, status=201)


@router.patch("/accounts/{account_id}")
async def change_account(
    account_id: str,
    body: AccountPatchIn,
    who: Configurer,
    payments: Payments,
    response: Response,
    if_match: IfMatch = None,
) -> AccountOut:
    """Rename an account, switch it on or off, or exchange its keys."""
    account = await payments.connecting.change(
        who,
        account_id,
        name=body.name,
        status=body.status,
        client_id=body.client_id,
        keys=body.keys(),
        if_match=if_match,
    )
    tag(response, account.version)
    return AccountOut.of(account, payments.public_url)


@router.delete("/accounts/{account_id}", status_code=204)
async def remove_account(account_id: str, who: Configurer, payments: Payments) -> None:
    """Disconnect an account and forget its keys."""
    await payments.connecting.remove(who, account_id)


@router.get("/provider-events")
async def list_provider_events(
    who: Configurer, payments: Payments, page: Annotated[PageRequest, listing()]
) -> Page[ProviderEventOut]:
    """List what the payment providers called back with."""
    found = await payments.webhooks.list(who, page)
    return Page(items=[ProviderEventOut.of(kept) for kept in found.items], next_cursor=found.next_cursor)


@router.post("/webhooks/stripe/{account_id}", status_code=204)
async def take_stripe_event(account_id: str, who: Anyone, payments: Payments, request: Request) -> None:
    """Take a signed event of Stripe."""
    await payments.webhooks.take("stripe", account_id, request.headers, await request.body())


@router.post("/webhooks/paypal/{account_id}", status_code=204)
async def take_paypal_event(account_id: str, who: Anyone, payments: Payments, request: Request) -> None:
    """Take a signed event of PayPal."""
    await payments.webhooks.take("paypal", account_id, request.headers, await request.body())
