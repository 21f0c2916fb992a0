"""Receipts of till sales: as data, page and text, and by mail."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.events.catalogue import ProductUpdated
from common.ids import new_id
from common.money import Money
from services.sales.domain.lines import Totals
from services.sales.domain.receipt import ReceiptLine, taxes_of
from services.sales.routes.receipt_page import WIDTH, page_of, text_of
from services.sales.schemas.receipts import ReceiptOut
from tests.sales.conftest import Trade, eventually, gbp, open_trade
from tests.sales.test_returned import sold
from tests.sales.test_till import card, cash, sale, seller


def receipt(name: str = "Mug", currency: str = "GBP", amount: int = 1050) -> ReceiptOut:
    money, nothing = Money.of(amount, currency), Money.zero(currency)
    return ReceiptOut(
        sale_id="ord_1",
        number="TS-1000001",
        company_name=name,
        shop_name=name,
        sold_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        customer_name=name,
        lines=[
            ReceiptLine(
                sku="S",
                name=name,
                quantity=1,
                returned_quantity=1,
                unit_price=money,
                discount=Money.of(5, currency),
                total=money,
            )
        ],
        totals=Totals(
            subtotal=money, discount=nothing, tax=nothing, shipping=nothing, grand_total=money, tax_inclusive=True
        ),
        taxes=[],
        tenders=[],
        change=money,
        refunded=money,
        policy="Please keep this receipt: returns need it.",
    )


class TestForms:
    @given(st.text(min_size=1, max_size=130))
    def test_text_fits_the_paper(self, name: str) -> None:
        lines = text_of(receipt(name)).split("\n")
        assert all(len(line) <= WIDTH for line in lines)
        assert all(line.isprintable() for line in lines)

    def test_page_shows_what_people_wrote_as_text(self) -> None:
        page = page_of(receipt("<script>alert(1)</script>"))
        assert "<script>" not in page
        assert "&lt;script&gt;" in page

    @pytest.mark.parametrize(("currency", "shown"), [("GBP", "10.50"), ("JPY", "1050"), ("KWD", "1.050")])
    def test_amounts_have_the_digits_of_their_currency(self, currency: str, shown: str) -> None:
        assert f" {shown}\n" in text_of(receipt(currency=currency))

    @given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 2500), st.booleans())
    def test_taxes_sum_to_the_total(self, pieces: list[int], tax: int, inclusive: bool) -> None:
        order = sold(*pieces, tax=tax, inclusive=inclusive)
        (line,) = taxes_of(order.items, order.totals)
        assert (line.gross, line.tax) == (order.totals.grand_total, order.totals.tax)


@pytest.mark.asyncio(loop_scope="module")
class TestReceipt:
    async def test_is_read_as_data_page_and_text(self, trade: Trade) -> None:
        named = ProductUpdated(
            product_id=trade.mug, sku="MUG", name="<b>Mug</b>", status="active", price=gbp(1000), tax_basis_points=2000
        )
        await trade.sales.publish(named, trade.company)
        copies = trade.sales.runtime.database["products"]
        await eventually(lambda: copies.find_one({"_id": trade.mug, "name": "<b>Mug</b>"}))
        body = sale(trade, items=[trade.line(2)], tenders=[card(1500), cash(1000)])
        async with seller(trade) as staff:
            shown = (await staff.post("/api/pos/sales", json=body)).json()
            path = f"/api/pos/sales/{shown['id']}/receipt"
            data = (await staff.get(path)).json()
            page = await staff.get(path, headers={"Accept": "text/html,*/*"})
            text = await staff.get(path, headers={"Accept": "text/plain"})
        assert (data["number"], data["companyName"], data["shopName"]) == (shown["number"], "Mill", "Mill")
        assert (data["tenders"], data["change"], data["totals"]) == (body["tenders"], shown["change"], shown["totals"])
        (tax,) = data["taxes"]
        assert (tax["net"]["amount"], tax["tax"]["amount"], tax["taxBasisPoints"]) == (1667, 333, 2000)
        assert page.headers["content-type"].startswith("text/html")
        assert "<b>" not in page.text
        assert "&lt;b&gt;Mug" in page.text
        assert text.headers["content-type"].startswith("text/plain")
        assert "2 x <b>Mug</b>" in text.text

    async def test_is_mailed_once_a_request(self, trade: Trade) -> None:
        key = {"Idempotency-Key": new_id("key")}
        async with seller(trade) as staff:
            shown = (await staff.post("/api/pos/sales", json=sale(trade))).json()
            path = f"/api/pos/sales/{shown['id']}/receipt/email"
            answers = [await staff.post(path, json={"email": "ann@mill.example"}, headers=key) for _ in range(2)]
            bad = await staff.post(path, json={"email": "nobody"})
            other = await staff.post(path, json={"email": "bob@mill.example"})
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json() == answers[1].json()
        assert (bad.status_code, other.status_code) == (422, 202)
        asked = await trade.sales.events.wait_for(
            "sale.receipt_requested", lambda e: e.subject == shown["id"] and e.data.email == "bob@mill.example"
        )
        stored = await trade.sales.runtime.database["orders"].find_one({"_id": shown["id"]})
        assert asked[0].data.request_id == other.json()["requestId"]
        assert stored is not None
        assert len(stored["requests"]) == 2

    async def test_belongs_to_the_shop(self, trade: Trade) -> None:
        other = await open_trade(trade.sales)
        async with seller(trade) as staff, trade.staff() as admin:
            shown = (await staff.post("/api/pos/sales", json=sale(trade))).json()
            order = await trade.place(admin)
            assert (await admin.get(f"/api/pos/sales/{order['id']}/receipt")).status_code == 404
        path, mail = f"/api/pos/sales/{shown['id']}/receipt", {"email": "ann@mill.example"}
        elsewhere, stranger = trade.staff("shop_staff", shop_ids=[new_id("shp")]), other.staff()
        async with elsewhere, stranger, trade.customer() as customer:
            for client in (elsewhere, stranger):
                assert (await client.get(path)).status_code == 404
                assert (await client.post(f"{path}/email", json=mail)).status_code == 404
            assert (await customer.get(path)).status_code == 403

    async def test_is_told_to_the_service_that_mails_it(self, trade: Trade) -> None:
        async with seller(trade) as staff:
            shown: dict[str, Any] = (await staff.post("/api/pos/sales", json=sale(trade))).json()
            refused = await staff.get(f"/internal/sales/{shown['id']}/receipt")
        async with trade.sales.service_client("notification", trade.company) as neighbour:
            told = (await neighbour.get(f"/internal/sales/{shown['id']}/receipt")).json()
        assert refused.status_code == 403
        assert (told["number"], "Total GBP" in told["text"]) == (shown["number"], True)
