"""The till: sales paid and fulfilled in one answer, offline batches in which each stands for itself."""

from typing import Any

import pytest

from tests.e2e.api_client import Client, eur, some
from tests.e2e.shapes import BATCH, SALE, check, page_of
from tests.e2e.shop_life.conftest import Life

PATH = "/api/pos/sales"
SOLD_AT = "2026-03-02T10:00:00Z"


@pytest.fixture(scope="module")
def till(life: Life) -> Client:
    """A cashier of the shop."""
    return life.employ()


def sale(
    life: Life, product: dict[str, Any], quantity: int = 1, *tenders: tuple[str, int], **more: Any
) -> dict[str, Any]:
    paid = tenders or (("cash", product["price"]["amount"] * quantity),)
    return {
        "clientSaleId": some("sale"),
        "shopId": life.shop["id"],
        "items": [{"productId": product["id"], "quantity": quantity}],
        "tenders": [{"method": method, "amount": eur(amount)} for method, amount in paid],
        "soldAt": SOLD_AT,
        **more,
    }


class TestSale:
    def test_is_paid_and_fulfilled_at_once(self, life: Life, till: Client) -> None:
        product = life.product(price=450, stock=10)
        body = sale(life, product, 2)
        sold = check(till.post(PATH, body), SALE)
        states = (sold["status"], sold["paymentStatus"], sold["fulfilmentStatus"])
        assert states == ("completed", "paid", "fulfilled")
        assert (sold["channel"], sold["shopId"], sold["clientSaleId"]) == ("pos", life.shop["id"], body["clientSaleId"])
        assert (sold["totals"]["grandTotal"], sold["paid"], sold["due"]) == (eur(900), eur(900), eur(0))
        assert (sold["change"], sold["priceVariance"]) == (eur(0), False)
        life.settles(product["sku"], 8)
        assert check(till.get(f"{PATH}/{sold['id']}"), SALE)["id"] == sold["id"]
        assert sold["id"] in {found["id"] for found in check(till.get(PATH, limit=100), page_of(SALE))["items"]}

    def test_gives_change_for_cash_alone(self, life: Life, till: Client) -> None:
        product = life.product(price=450)
        sold = check(till.post(PATH, sale(life, product, 1, ("card", 200), ("cash", 500))), SALE)
        assert (sold["change"], sold["paid"]) == (eur(250), eur(450))
        assert till.send("POST", PATH, sale(life, product, 1, ("card", 500))).status_code == 422

    def test_is_refused_when_the_tender_is_short(self, life: Life, till: Client) -> None:
        product = life.product(price=450, stock=3)
        till.refused(422, "tender_short", "POST", PATH, sale(life, product, 1, ("cash", 449)))
        life.settles(product["sku"], 3)

    def test_comes_once_for_its_number(self, life: Life, till: Client) -> None:
        product = life.product(stock=10)
        body = sale(life, product)
        first = till.post(PATH, body)
        assert till.send("POST", PATH, body).json()["id"] == first["id"]
        other = sale(life, product, 2, clientSaleId=body["clientSaleId"])
        till.refused(422, "idempotency_key_reused", "POST", PATH, other)
        life.settles(product["sku"], 9)

    def test_is_for_staff_of_that_shop(self, life: Life, stranger: Life) -> None:
        body = sale(life, life.product())
        life.customer().refused(403, "permission_denied", "POST", PATH, body)
        life.anonymous().refused(401, None, "POST", PATH, body)
        stranger.admin.refused(404, None, "POST", PATH, body)

    def test_on_account_is_a_debt(self, life: Life, till: Client) -> None:
        product = life.product(price=800)
        till.refused(422, "customer_required", "POST", PATH, sale(life, product, 1, ("on_account", 800)))
        customer = life.account()
        sold = check(till.post(PATH, sale(life, product, 1, ("on_account", 800), customerId=customer["id"])), SALE)
        assert (sold["customerId"], sold["tenders"]) == (
            customer["id"], [{"method": "on_account", "amount": eur(800)}],
        )  # fmt: skip


class TestBatch:
    def test_takes_the_good_and_says_what_is_bad(self, life: Life, till: Client) -> None:
        product = life.product(price=100, stock=50)
        good, short = sale(life, product), sale(life, product, 1, ("cash", 1))
        before = till.post(PATH, sale(life, product))
        replayed = {**sale(life, product), "clientSaleId": before["clientSaleId"]}
        answer = check(till.post(f"{PATH}/batch", {"sales": [short, good, replayed]}, status=200), BATCH)
        assert [result["status"] for result in answer["results"]] == ["rejected", "accepted", "replayed"]
        assert [result["index"] for result in answer["results"]] == [0, 1, 2]
        assert (answer["accepted"], answer["replayed"], answer["rejected"]) == (1, 1, 1)
        assert answer["results"][0]["problem"]["code"] == "tender_short"
        assert check(answer["results"][1]["result"], SALE)["clientSaleId"] == good["clientSaleId"]
        assert answer["results"][2]["result"]["id"] == before["id"]
        life.settles(product["sku"], 48)

    def test_again_replays_them_all(self, life: Life, till: Client) -> None:
        product = life.product(stock=50)
        body = {"sales": [sale(life, product) for _ in range(5)]}
        first = till.post(f"{PATH}/batch", body, status=200, headers={"Idempotency-Key": some("a")})
        again = check(till.post(f"{PATH}/batch", body, status=200, headers={"Idempotency-Key": some("b")}), BATCH)
        assert (first["accepted"], again["accepted"], again["replayed"]) == (5, 0, 5)
        ids = [[result["result"]["id"] for result in answer["results"]] for answer in (first, again)]
        assert ids[0] == ids[1]
        life.settles(product["sku"], 45)

    def test_takes_five_hundred_at_most(self, life: Life, till: Client) -> None:
        body = {"sales": [sale(life, life.product(stock=0))] * 501}
        till.refused(422, None, "POST", f"{PATH}/batch", body)
