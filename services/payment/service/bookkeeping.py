"""Reading the ledger: what stands on each account, and why."""

from typing import Any

from common.errors import Forbidden, NotFound
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from services.payment.service.foundation import Foundation

LATEST = 50


class Bookkeeping:
    """The ledger is the whole company's: who sees only their shops does not see it."""

    def __init__(self, on: Foundation) -> None:
        self._on = on

    async def balances(self, who: Principal) -> dict[str, Any]:
        """The balance of each account, and the sum in each currency, which is always zero.

        Raises Forbidden for those who see only their shops.
        """
        if who.is_limited_to_shops:
            raise Forbidden("permission_denied", "The ledger is the whole company's.")
        rows = await self._on.ledger.balances(who.tenant)
        totals: dict[str, int] = {}
        for row in rows:
            totals[row["currency"]] = totals.get(row["currency"], 0) + row["amount"]
        return {
            "items": [_row(row, "account") for row in rows],
            "totals": [_money(amount, currency) for currency, amount in sorted(totals.items())],
        }

    async def entries(
        self, who: Principal, page: PageRequest, *, account: str | None, order_id: str | None, payment_id: str | None
    ) -> Page[dict[str, Any]]:
        """Postings, narrowed by what is given. Raises Forbidden as :meth:`balances`."""
        if who.is_limited_to_shops:
            raise Forbidden("permission_denied", "The ledger is the whole company's.")
        found = await self._on.ledger.page(who.tenant, page, account=account, order_id=order_id, payment_id=payment_id)
        return Page(items=[_entry(document) for document in found.items], next_cursor=found.next_cursor)

    async def explanation(self, who: Principal, account: str) -> dict[str, Any]:
        """An account's balance in each currency, by the causes that it adds up from, with its latest entries.

        Raises NotFound for an account without entries, Forbidden as :meth:`balances`.
        """
        latest = await self.entries(who, PageRequest(LATEST, "at"), account=account, order_id=None, payment_id=None)
        causes = await self._on.ledger.causes(who.tenant, account)
        if not causes:
            raise NotFound("account")
        balances: dict[str, int] = {}
        for row in causes:
            balances[row["currency"]] = balances.get(row["currency"], 0) + row["amount"]
        return {
            "account": account,
            "balances": [_money(amount, currency) for currency, amount in sorted(balances.items())],
            "causes": [_row(row, "cause") for row in causes],
            "latest": latest.items,
        }


def _row(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {name: row[name], "balance": _money(row["amount"], row["currency"]), "entries": row["entries"]}


def _entry(document: dict[str, Any]) -> dict[str, Any]:
    lines = [
        {"account": line["account"], "amount": _money(line["amount"], line["currency"])} for line in document["lines"]
    ]
    names = ("cause", "companyId", "orderId", "paymentId", "at")
    return {**{name: document[name] for name in names}, "id": document["cause"], "lines": lines}


def _money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}
