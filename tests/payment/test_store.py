"""Account, payment and posting change together or not at all."""

import pytest

from common.clock import SystemClock
from common.errors import VersionConflict
from common.ids import new_id
from common.money import Money
from services.payment.domain import OrderAccount, Payment
from services.payment.domain.ledger import captured

from .conftest import Shop

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def stored(shop: Shop) -> tuple[OrderAccount, Payment]:
    """An order's account with a payment that waits."""
    now = SystemClock().now()
    account = OrderAccount.open(new_id("ord"), shop.company, now)
    payment = Payment.open(account, new_id("pay"), "cash", Money.of(500, "GBP"), now)
    await shop.on.books.commit(account, [payment])
    return account, payment


class TestCommit:
    async def test_leaves_nothing_behind_when_the_account_was_changed(self, shop: Shop) -> None:
        account, payment = await stored(shop)
        now = SystemClock().now()
        other = await shop.on.accounts.for_company(shop.company).get(account.id)
        other.ended = True
        await shop.on.books.commit(other)
        payment.succeed(500, now)
        with pytest.raises(VersionConflict):
            await shop.on.books.commit(account, [payment], [captured(payment, 500, now)])
        assert (await shop.on.payments.for_company(shop.company).get(payment.id)).status == "pending"
        assert not await shop.on.books.is_posted(shop.company, f"capture:{payment.id}")

    async def test_posts_a_cause_once_and_undoes_what_came_with_the_second(self, shop: Shop) -> None:
        account, payment = await stored(shop)
        now = SystemClock().now()
        payment.receive(Money.of(200, "GBP"), now)
        await shop.on.books.commit(account, [payment], [captured(payment, 200, now, "debt:1")])
        payment.receive(Money.of(200, "GBP"), now)
        with pytest.raises(VersionConflict):
            await shop.on.books.commit(account, [payment], [captured(payment, 200, now, "debt:1")])
        assert (await shop.on.payments.for_company(shop.company).get(payment.id)).captured.amount == 200
        assert await shop.balances() == {"asset:cash": 200, "income:orders": -200}

    async def test_keeps_companies_apart(self, shop: Shop) -> None:
        _, payment = await stored(shop)
        assert await shop.on.payments.for_company(new_id("cmp")).find(payment.id) is None
