"""The double-entry ledger, for reading."""

from typing import Annotated

from fastapi import APIRouter, Query

from common.pagination import Page, PageRequest
from common.web.lists import listing
from services.payment.routes.parameters import Bookkeeper, Payments, Reader
from services.payment.schemas.ledger import BalancesOut, EntryOut, ExplanationOut

router = APIRouter(prefix="/api/payments/ledger", tags=["ledger"])
Named = Annotated[str | None, Query(max_length=80)]


@router.get("/balances")
async def read_balances(who: Reader, payments: Payments) -> BalancesOut:
    """Read the ledger's balances."""
    return BalancesOut.model_validate(await payments.bookkeeping.balances(who))


@router.get("/accounts")
async def list_ledger_accounts(who: Bookkeeper, payments: Payments) -> BalancesOut:
    """List the ledger's accounts with their balances."""
    return BalancesOut.model_validate(await payments.bookkeeping.balances(who))


@router.get("/entries")
async def list_entries(
    who: Bookkeeper,
    payments: Payments,
    page: Annotated[PageRequest, listing("at")],
    account: Named = None,
    order_id: Annotated[str | None, Query(alias="orderId", max_length=80)] = None,
    payment_id: Annotated[str | None, Query(alias="paymentId", max_length=80)] = None,
) -> Page[EntryOut]:
    """List postings, by account, order or payment."""
    found = await payments.bookkeeping.entries(who, page, account=account, order_id=order_id, payment_id=payment_id)
    return Page(items=[EntryOut.model_validate(entry) for entry in found.items], next_cursor=found.next_cursor)


@router.get("/accounts/{account}/explanation")
async def explain_account(account: str, who: Bookkeeper, payments: Payments) -> ExplanationOut:
    """Explain a balance by the causes it adds up from."""
    return ExplanationOut.model_validate(await payments.bookkeeping.explanation(who, account))
