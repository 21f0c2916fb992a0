"""What is kept: the dashboard equals what was sold, mails are listed, the audit chain holds."""

import hashlib
import json
from typing import Any

import pytest

from tests.e2e.api_client import Client, eur, eventually
from tests.e2e.shapes import AUDIT_EVENT, DASHBOARD, NOTIFICATION, check, page_of
from tests.e2e.shop_life.conftest import Life, card, found_company, open_shop
from tests.e2e.shop_life.test_till import sale


@pytest.fixture(scope="module")
def sold(platform: Client) -> tuple[Life, dict[str, int]]:
    """A company that sold a little in every way, and what that comes to."""
    life = found_company(platform)
    life.shop = open_shop(life)
    first, second = life.product(price=1000), life.product(price=250)
    paid = life.order(life.buyer, first, quantity=2, payment=card())
    life.order(life.buyer, second, quantity=3, payment={"method": "cash_on_delivery"})
    life.order(life.buyer, first, payment=card("pm_card_visa_chargeDeclined"))
    life.order(life.buyer, second)
    till = life.employ()
    till.post("/api/pos/sales", sale(life, second, 4, soldAt=paid["placedAt"]))
    refund = {"amount": eur(300), "reason": "scratched"}
    life.admin.post(f"/api/payments/{paid['payments'][0]['id']}/refund", refund)
    return life, {"revenue": 2000 + 750 + 1000, "orders": 3, "units": 2 + 3 + 4, "refunds": 300}


class TestDashboard:
    def test_equals_what_was_sold(self, sold: tuple[Life, dict[str, int]]) -> None:
        life, sums = sold
        wanted = (eur(sums["revenue"]), sums["orders"], sums["units"], eur(sums["refunds"]))

        def shown() -> Any:
            return check(life.admin.get("/api/analytics/dashboard"), DASHBOARD)

        told = eventually(
            shown, lambda found: (found["revenue"], found["orders"], found["units"], found["refunds"]) == wanted
        )
        assert told["averageOrderValue"] == eur(1250)
        assert sum(day["revenue"]["amount"] for day in told["byDay"]) == sums["revenue"]
        assert sum(row["units"] for row in told["topProducts"]) == sums["units"]
        assert (told["currency"], told["timezone"]) == ("EUR", "Europe/Berlin")

    def test_keeps_to_the_days_asked_for(self, sold: tuple[Life, dict[str, int]]) -> None:
        life, _ = sold
        past = {"from": "2020-01-01", "to": "2020-01-31"}
        told = check(life.admin.get("/api/analytics/dashboard", **past), DASHBOARD)
        assert (told["revenue"], told["orders"], told["topProducts"]) == (eur(0), 0, [])
        for wrong in ({"from": "yesterday"}, {"since": "2020-01-01"}, {"from": "2020-02-01", "to": "2020-01-01"}):
            life.admin.refused(422, "invalid_query", "GET", "/api/analytics/dashboard", query=wrong)

    def test_is_one_a_currency_for_the_platform(self, sold: tuple[Life, dict[str, int]], platform: Client) -> None:
        told = check(platform.get("/api/analytics/dashboard"), {"items": [DASHBOARD]})
        currencies = [item["currency"] for item in told["items"]]
        assert len(set(currencies)) == len(currencies)

    def test_is_not_for_staff_nor_customers(self, sold: tuple[Life, dict[str, int]]) -> None:
        life, _ = sold
        life.customer().refused(403, "permission_denied", "GET", "/api/analytics/dashboard")


class TestNotifications:
    def test_tell_of_a_confirmed_order(self, life: Life) -> None:
        customer = life.customer()
        order = life.order(customer, life.product(), payment=card())

        def about() -> list[Any]:
            found = check(customer.get("/api/notifications", limit=100), page_of(NOTIFICATION))["items"]
            return [one for one in found if (one["reference"] or {}).get("id") == order["id"]]

        mine = eventually(about, lambda found: any(one["channel"] == "email" and one["attempts"] for one in found))
        staffs = check(life.admin.get("/api/notifications", limit=100), page_of(NOTIFICATION))["items"]
        assert {one["id"] for one in mine} <= {one["id"] for one in staffs}
        assert {one["recipient"]["address"] for one in mine if one["channel"] == "email"} == {order["email"]}
        assert customer.get("/api/notifications")["items"]
        other = life.customer().get("/api/notifications", limit=100)["items"]
        assert not {one["id"] for one in mine} & {one["id"] for one in other}


class TestAudit:
    def test_keeps_before_and_after_of_a_change(self, life: Life) -> None:
        product = life.product(price=100)
        request_id = "e2e-request-0001"
        path = f"/api/products/{product['id']}"
        life.admin.patch(path, {"price": eur(150)}, headers={"X-Request-ID": request_id})
        assert life.admin.last.headers["X-Request-ID"] == request_id

        def changes() -> list[Any]:
            page = life.admin.get("/api/audit/events", resource=product["id"], limit=100)
            return [event for event in check(page, page_of(AUDIT_EVENT))["items"] if event["requestId"] == request_id]

        (change,) = eventually(changes, bool)
        assert change["resource"]["id"] == product["id"]
        assert "100" in json.dumps(change["before"]) and "150" in json.dumps(change["after"])
        me = life.admin.get("/api/auth/me")["user"]["id"]
        assert (change["actor"]["type"], change["actor"]["id"]) == ("user", me)

    def test_is_a_chain_that_anyone_can_check(self, life: Life) -> None:
        life.product()
        eventually(lambda: life.admin.get("/api/audit/events")["items"], bool)
        events = {event["sequence"]: check(event, AUDIT_EVENT) for event in life.admin.walk("/api/audit/events", 100)}
        previous = "0" * 64
        for sequence in range(1, max(events) + 1):
            event = events[sequence]
            assert event["previousHash"] == previous
            bare = {name: value for name, value in event.items() if name != "hash"}
            text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            assert hashlib.sha256(text.encode()).hexdigest() == event["hash"], event
            previous = event["hash"]

    def test_names_the_platform_where_it_acted(self, life: Life, platform: Client) -> None:
        product = life.product()
        there = {"X-Tenant-ID": life.slug}
        platform.patch(f"/api/products/{product['id']}", {"name": "By the platform"}, headers=there)
        me = platform.get("/api/auth/me")["user"]["id"]

        def theirs() -> list[Any]:
            page = life.admin.get("/api/audit/events", resource=product["id"], actor=me)
            return list(check(page, page_of(AUDIT_EVENT))["items"])

        eventually(theirs, bool)

    def test_verifies(self, life: Life) -> None:
        assert life.admin.get("/api/audit/verify")

    def test_is_filtered_and_kept_apart(self, life: Life, stranger: Life) -> None:
        product = life.product()
        eventually(lambda: life.admin.get("/api/audit/events", resource=product["id"])["items"], bool)
        assert stranger.admin.get("/api/audit/events", resource=product["id"])["items"] == []
        window = {"from": "2020-01-01", "to": "2020-01-02"}
        assert life.admin.get("/api/audit/events", **window)["items"] == []
        me = life.admin.get("/api/auth/me")["user"]["id"]
        mine = life.admin.get("/api/audit/events", actor=me)["items"]
        assert {event["actor"]["id"] for event in mine} == {me}
        life.employ().refused(403, "permission_denied", "GET", "/api/audit/events")
