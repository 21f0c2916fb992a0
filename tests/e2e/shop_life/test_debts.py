"""Debts: an order on account, payments until it is paid, schedules."""

from tests.e2e.api_client import eur, eventually
from tests.e2e.shapes import DEBT, check, page_of
from tests.e2e.shop_life.conftest import UNKNOWN, Life


def open_debt(life: Life, principal: int = 1000, **more: object) -> dict[str, object]:
    body = {"debtorType": "customer", "debtorId": life.account()["id"], "principal": eur(principal), **more}
    debt: dict[str, object] = check(life.admin.post("/api/debts", body), DEBT)
    return debt


class TestOnAccount:
    def test_owes_the_total_until_it_is_settled(self, life: Life) -> None:
        account, product = life.account(), life.product(price=600)
        more = {"customerId": account["id"], "payment": {"method": "on_account"}}
        order = life.order(life.admin, product, quantity=2, **more)
        assert (order["status"], order["paymentStatus"], order["due"]) == ("confirmed", "unpaid", eur(1200))
        debt = eventually(lambda: _debt_of(life, order["id"]), bool)
        assert (debt["debtorId"], debt["principal"], debt["status"]) == (account["id"], eur(1200), "open")
        path = f"/api/debts/{debt['id']}/payments"
        part = check(life.admin.post(path, {"amount": eur(200), "method": "cash"}), DEBT)
        assert (part["status"], part["paid"], part["outstanding"]) == ("partially_paid", eur(200), eur(1000))
        assert life.admin.get(f"/api/orders/{order['id']}")["paymentStatus"] == "unpaid"
        done = check(life.admin.post(path, {"amount": eur(1000), "method": "cash", "note": "rest"}), DEBT)
        assert (done["status"], done["outstanding"], len(done["payments"])) == ("paid", eur(0), 2)
        life.becomes(order["id"], paymentStatus="paid", due=eur(0))

    def test_is_reversed_with_the_order(self, life: Life) -> None:
        more = {"customerId": life.account()["id"], "payment": {"method": "on_account"}}
        order = life.order(life.admin, life.product(), **more)
        eventually(lambda: _debt_of(life, order["id"]), bool)
        life.admin.post(f"/api/orders/{order['id']}/cancel", {}, status=200)
        eventually(lambda: (_debt_of(life, order["id"]) or {"outstanding": eur(0)})["outstanding"], eur(0).__eq__)


class TestDebts:
    def test_are_opened_listed_and_read(self, life: Life) -> None:
        debt = open_debt(life)
        assert (debt["outstanding"], debt["status"], debt["orderId"]) == (eur(1000), "open", None)
        assert check(life.admin.get(f"/api/debts/{debt['id']}"), DEBT) == debt
        page = check(life.admin.get("/api/debts", limit=100), page_of(DEBT))
        assert debt["id"] in {found["id"] for found in page["items"]}

    def test_refuse_more_than_is_owed(self, life: Life) -> None:
        debt = open_debt(life)
        path = f"/api/debts/{debt['id']}/payments"
        life.admin.refused(409, "debt_overpaid", "POST", path, {"amount": eur(1001), "method": "cash"})
        for wrong in (eur(0), eur(-1), {"amount": 1.5, "currency": "EUR"}, {"amount": 5, "currency": "USD"}):
            life.admin.refused(422, None, "POST", path, {"amount": wrong, "method": "cash"})
        assert life.admin.get(f"/api/debts/{debt['id']}")["paid"] == eur(0)

    def test_pay_the_oldest_instalment_first(self, life: Life) -> None:
        rows = [
            {"dueAt": "2999-01-01T00:00:00Z", "amount": eur(400)},
            {"dueAt": "2999-02-01T00:00:00Z", "amount": eur(600)},
        ]
        debt = open_debt(life, schedule=rows)
        body = {"amount": eur(500), "method": "cash"}
        paid = check(life.admin.post(f"/api/debts/{debt['id']}/payments", body), DEBT)
        assert [row["paid"] for row in paid["schedule"]] == [eur(400), eur(100)]

    def test_refuse_a_schedule_that_does_not_add_up(self, life: Life) -> None:
        rows = [{"dueAt": "2999-01-01T00:00:00Z", "amount": eur(1)}]
        body = {"debtorType": "customer", "debtorId": life.account()["id"], "principal": eur(9), "schedule": rows}
        life.admin.refused(422, None, "POST", "/api/debts", body)

    def test_belong_to_their_company(self, life: Life, stranger: Life) -> None:
        debt = open_debt(life)
        nothing = stranger.admin.refused(404, None, "GET", f"/api/debts/dbt_{UNKNOWN}")
        theirs = stranger.admin.refused(404, None, "GET", f"/api/debts/{debt['id']}")
        assert theirs["code"] == nothing["code"]
        body = {"amount": eur(1), "method": "cash"}
        stranger.admin.refused(404, None, "POST", f"/api/debts/{debt['id']}/payments", body)
        life.customer().refused(403, "permission_denied", "GET", "/api/debts")


def _debt_of(life: Life, order_id: str) -> dict[str, object] | None:
    debts = life.admin.get("/api/debts", limit=100)["items"]
    return next((debt for debt in debts if debt["orderId"] == order_id), None)
