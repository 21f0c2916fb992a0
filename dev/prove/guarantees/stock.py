"""Rows about stock: 2."""

from dev.prove.rows import guarantee
from dev.prove.stage import Stage
from dev.prove.trade import CASH, Journal, Market, found


@guarantee(2, "one piece on two lines", "the same SKU on two lines with one piece in stock: 1 sold or refused, never 2")
async def one_piece_on_two_lines(stage: Stage) -> None:
    house = await found(stage.suite, "twice", goods=1, stock=1)
    market = Market(house, Journal(stage.folder / "journal.jsonl"))
    good = house.goods[0]
    order = await market.place([(good, 1), (good, 1)], CASH, Prefer="wait=10")
    sold = order["status"] if order else None
    stage.check("the order", "cancelled", sold)
    await house.close()
