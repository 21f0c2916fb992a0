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

    @pytest.mark.parametrize("finder", ["the next reader", "a sweeper"])
    async def test_is_finished_by_whoever_comes_next_when_the_process_died(self, shop: Shop, finder: str) -> None:
        account, payment = await stored(shop)
        now = SystemClock().now()
        payment.succeed(500, now)
        posting = captured(payment, 500, now)
        account.unfinished = [shop.on.payments.prepare(payment), shop.on.books._step(posting)]
        account.unfinished_at = now
        await shop.on.accounts.for_company(shop.company).save(account)  # and here it dies
        if finder == "a sweeper":
            await shop.run_sweeper_as_of(5)
        else:
            await shop.on.accounts.for_company(shop.company).get(account.id)
        assert (await shop.on.payments.for_company(shop.company).get(payment.id)).captured.amount == 500
        assert await shop.balances() == {"asset:cash": 500, "income:orders": -500}
        await shop.hears("payment.succeeded", account.id)

    async def test_finishing_twice_changes_nothing(self, shop: Shop) -> None:
        account, payment = await stored(shop)
        now = SystemClock().now()
        payment.receive(Money.of(200, "GBP"), now)
        posting = captured(payment, 200, now, "debt:1")
        steps = [shop.on.payments.prepare(payment), shop.on.books._step(posting)]
        for _ in range(2):
            account.unfinished = list(steps)
            await shop.on.accounts.for_company(shop.company).finish(account)
        assert (await shop.on.payments.for_company(shop.company).get(payment.id)).version == payment.version == 2
        assert await shop.balances() == {"asset:cash": 200, "income:orders": -200}

    async def test_keeps_companies_apart(self, shop: Shop) -> None:
        _, payment = await stored(shop)
        assert await shop.on.payments.for_company(new_id("cmp")).find(payment.id) is None
