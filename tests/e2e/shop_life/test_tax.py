"""Tax: the product's rate, else the company's; on top of the price or within it."""

import pytest

from tests.e2e.api_client import Client, eur
from tests.e2e.shapes import CART, check
from tests.e2e.shop_life.conftest import Life, found_company, open_shop

COD = {"method": "cash_on_delivery"}


@pytest.fixture(scope="module", params=[False, True], ids=["on top", "within"])
def taxed(request: pytest.FixtureRequest, platform: Client) -> tuple[Life, bool]:
    """A company with a rate of 19 %, and whether its prices include it."""
    life = found_company(platform)
    settings = {"taxInclusive": request.param, "taxBasisPoints": 1900}
    told = life.admin.patch(f"/api/companies/{life.company['id']}", {"settings": settings})["settings"]
    assert {name: told[name] for name in settings} == settings
    life.shop = open_shop(life)
    return life, request.param


class TestTax:
    def test_comes_from_the_company_unless_the_product_says(self, taxed: tuple[Life, bool]) -> None:
        life, inclusive = taxed
        for more, rate, amounts in (({}, 1900, (380, 319)), ({"taxBasisPoints": 700}, 700, (140, 131))):
            order = life.order(life.buyer, life.product(price=1000, **more), quantity=2, payment=COD)
            totals, (line,) = order["totals"], order["items"]
            assert (line["taxBasisPoints"], totals["taxInclusive"]) == (rate, inclusive)
            assert (totals["subtotal"], totals["tax"]) == (eur(2000), eur(amounts[inclusive]))
            assert totals["grandTotal"] == eur(2000 + (0 if inclusive else amounts[0]))
            assert line["tax"] == totals["tax"]
            assert order["due"] == totals["grandTotal"]

    def test_stands_in_the_cart_as_in_the_order(self, taxed: tuple[Life, bool]) -> None:
        life, inclusive = taxed
        product, customer = life.product(price=999), life.customer()
        body = {"productId": product["id"], "quantity": 3}
        cart = check(customer.post("/api/cart/items", body, status=200), CART)
        expected = cart["totals"]["grandTotal"]
        order = life.order(customer, product, quantity=3, payment=COD, expectedTotal=expected)
        assert order["totals"] == cart["totals"]
        assert order["totals"]["taxInclusive"] is inclusive
