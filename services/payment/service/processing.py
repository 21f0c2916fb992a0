"""Paying an order on request: by its customer, by whoever holds its order token, by staff."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from common.card_numbers import holds_card_number
from common.errors import Forbidden, Invalid, InvalidTransition, NotFound
from common.identity.principal import Principal
from common.money import Money
from services.payment.domain import OrderAccount, Payment
from services.payment.domain.record import WAITING
from services.payment.service.accepting import Accepting, owner_of
from services.payment.service.charging import Charging
from services.payment.service.foundation import Foundation, decide
from services.payment.service.orders import OrderFlow
from services.payment.service.velocity import Velocity

LEAST_SECONDS = 120
"""A try asked for late in an order's time is still given this long."""


class Processing:
    """POST /api/payments/process."""

    def __init__(
        self, on: Foundation, accepting: Accepting, charging: Charging, orders: OrderFlow, velocity: Velocity
    ) -> None:
        self._on = on
        self._accepting = accepting
        self._velocity = velocity
        self._charging = charging
        self._orders = orders

    async def process(
        self,
        who: Principal,
        *,
        order_id: str,
        method: str,
        instrument: str | None,
        order_token: str | None,
        payment_id: str,
        amount: Money | None = None,
    ) -> Payment:
        """Try to get what is due, or ``amount`` of it. The same ``payment_id`` again finds the first try.

        Raises NotFound, Forbidden, Conflict ``already_paid`` and others, InvalidTransition, Invalid.
        """
        self._check_instrument(method, instrument)
        account = await self.account(who, order_id, order_token)
        if method == "cash" and not who.may("payments.process"):
            raise Forbidden("permission_denied", "Only staff takes cash.")
        known = await self._on.payments.for_company(who.tenant).of_order(order_id)
        for payment in known:
            if payment_id in (payment.id, payment.request_id):
                return payment
        await self._accepting.check(who.tenant, method)
        if method == "cash":
            return await self._cash(account, payment_id, amount)
        sources = await self._velocity.check(who)
        await self._make_room(account)
        owners = await self._owners(who, account) if instrument is not None else []
        return await self._charged(account, method, instrument, payment_id, amount, owners, sources)

    async def confirm(self, who: Principal, payment_id: str, order_token: str | None) -> Payment:
        """Ask the provider how a payment stands that waits for its buyer; nobody is taken at their word.

        Raises NotFound, also for one that the caller has nothing to do with.
        """
        asked = await self._on.payments.for_company(who.tenant).get(payment_id)
        await self.account(who, asked.order_id, order_token)
        _, payment = await self._on.together(asked)
        if payment.status not in WAITING:
            return payment
        return await self._charging.inquire(payment, over=False)

    async def _owners(self, who: Principal, account: OrderAccount) -> list[str]:
        """Whose kept methods this caller may pay with: the own, or for staff those of the order's customer."""
        if who.may("payments.process"):
            return await self._accepting.owners_of(account)
        own = owner_of(who)
        return [own] if own is not None else []

    def _check_instrument(self, method: str, instrument: str | None) -> None:
        if instrument is not None and holds_card_number(instrument):
            message = "Card numbers are not taken here; send a payment-method token."
            raise Invalid("card_number_refused", message, [("paymentMethodToken", "holds a card number")])
        if method == "card" and instrument is None:
            raise Invalid("payment_token_required", "A card needs a token.", [("paymentMethodToken", "is required")])

    async def account(self, who: Principal, order_id: str, order_token: str | None) -> OrderAccount:
        """The order's account if the caller may pay it; an order not known here is asked of sales."""
        accounts = self._on.accounts.for_company(who.tenant)
        account = await accounts.find(order_id)
        if account is None or not account.known or (order_token and account.order_token_hash is None):
            account = await self._learn(who.tenant, order_id)
        if who.is_platform_customer and not _opens(account, order_token):
            told = await self._on.sales.order(who.tenant, order_id)
            if told.get("customerUserId") != who.id:
                raise NotFound("order")
            return account
        check_access(who, account, order_token)
        return account

    async def _learn(self, company_id: str, order_id: str) -> OrderAccount:
        told = await self._on.sales.order(company_id, order_id)

        async def work() -> OrderAccount:
            found = await self._on.accounts.for_company(company_id).find(order_id)
            account = found or OrderAccount.open(order_id, company_id, self._on.clock.now())
            _take_facts(account, told)
            await self._on.books.commit(account)
            return account

        return await decide(work)

    async def _make_room(self, account: OrderAccount) -> None:
        """A try that waits for its buyer makes way for the next one."""
        if account.active is None:
            return
        active = await self._on.payments.for_company(account.company_id).find(account.active)
        if active is not None and active.status == "requires_action":
            await self._charging.release(active)

    async def _charged(
        self,
        known: OrderAccount,
        method: str,
        instrument: str | None,
        payment_id: str,
        amount: Money | None,
        owners: list[str],
        sources: list[str],
    ) -> Payment:
        async def work() -> Payment:
            account = await self._on.accounts.for_company(known.company_id).get(known.id)
            account.begin_try(payment_id, by_process=True)
            now = self._on.clock.now()
            payment = Payment.open(account, payment_id, method, account.part(amount), now)
            payment.tried_from = sources
            await self._accepting.aim(payment, account)
            if instrument is not None:
                await self._accepting.equip(payment, instrument, owners)
            payment.deadline_at = max(payment.deadline_at, now + timedelta(seconds=LEAST_SECONDS))
            if account.reserved:
                payment.begin(now)
            else:
                payment.due_at = payment.deadline_at
            await self._on.books.commit(account, [payment])
            return payment

        payment = await decide(work)
        return await self._charging.ask(payment) if payment.status == "processing" else payment

    async def _cash(self, known: OrderAccount, payment_id: str, amount: Money | None) -> Payment:
        async def work() -> Payment:
            account = await self._on.accounts.for_company(known.company_id).get(known.id)
            account.check_open()
            payment = await self._record(account, payment_id, account.part(amount))
            if account.reserved:
                changed = [payment, *await self._no_longer_promised(account, payment)]
                await self._on.books.commit(account, changed, self._orders.take(account, payment))
            else:
                account.begin_try(payment.id, by_process=False)
                payment.due_at = payment.deadline_at
                await self._on.books.commit(account, [payment])
            return payment

        return await decide(work)

    async def _record(self, account: OrderAccount, payment_id: str, amount: Money) -> Payment:
        """The record that waited for cash on delivery where this is all of it, else a new one."""
        if account.promised is not None:
            promised = await self._on.payments.for_company(account.company_id).get(account.promised)
            if promised.status == "pending" and promised.amount == amount:
                promised.request_id = payment_id
                return promised
        if account.active is not None:
            account.begin_try(payment_id, by_process=False)
        return Payment.open(account, payment_id, "cash", amount, self._on.clock.now())

    async def _no_longer_promised(self, account: OrderAccount, paid: Payment) -> list[Payment]:
        """The promise of a later payment falls away with the cash that settles the order."""
        if account.promised in (None, paid.id) or paid.amount.amount < account.due.amount:
            return []
        promised = await self._on.payments.for_company(account.company_id).get(account.promised or "")
        if promised.status != "pending":
            return []
        promised.void()
        return [promised]


def check_access(who: Principal, account: OrderAccount, order_token: str | None) -> None:
    """Raises NotFound for an order that is neither the caller's own nor of a shop they work in."""
    if who.may("payments.process"):
        who.require_shop(account.shop_id, "order")
        return
    if _opens(account, order_token):
        return
    if who.customer_id is None or who.customer_id != account.customer_id:
        raise NotFound("order")


def _opens(account: OrderAccount, order_token: str | None) -> bool:
    if order_token is None or account.order_token_hash is None:
        return False
    sent = hashlib.sha256(order_token.encode()).hexdigest()
    return hmac.compare_digest(sent, account.order_token_hash)


def _take_facts(account: OrderAccount, told: dict[str, Any]) -> None:
    deadline = told.get("deadlineAt")
    account.learn(
        total=Money.model_validate(told["total"]),
        method=told.get("paymentMethod"),
        has_token=bool(told.get("hasPaymentToken")),
        shop_id=told.get("shopId"),
        customer_id=told.get("customerId"),
        deadline_at=datetime.fromisoformat(deadline) if deadline else None,
        capture=str(told.get("capture") or "automatic"),
    )
    account.order_token_hash = told.get("orderTokenHash")
    if told.get("status") == "cancelled":
        raise InvalidTransition("The order has ended; it takes no payment.")
