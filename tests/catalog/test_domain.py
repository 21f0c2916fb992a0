"""Rules of products, categories and carts; no I/O."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Conflict, DomainError, Invalid, NotFound
from common.events.catalogue import CartAbandoned, CategoryUpdated, ProductArchived, ProductCreated, ProductUpdated
from common.events.parts import CompanySettings
from common.money import Money
from services.catalog.domain.attributes import check_attributes, facets, is_attribute_name, merged, wanted_facets
from services.catalog.domain.barcode import check_digit, is_gtin
from services.catalog.domain.cart import (
    LARGEST_QUANTITY,
    LINES_LIMIT,
    Cart,
    id_of_token,
    is_token,
    new_token,
    successor_of,
)
from services.catalog.domain.category import Category, with_descendants
from services.catalog.domain.product import Product, ProductDraft
from services.catalog.domain.stock import StockFlag, StockStatus, status_of
from services.catalog.domain.totals import price_cart
from services.catalog.domain.variant import Option, VariantDraft

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIZES = [Option(name="Size", values=["S", "M"])]
SHIRTS = [VariantDraft("S-S", {"Size": "S"}, Money(amount=900, currency="EUR")), VariantDraft("S-M", {"Size": "M"})]


def product(sku: str = "MUG", amount: int = 1000, **fields: Any) -> Product:
    draft = ProductDraft(sku=sku, name="Mug", price=Money(amount=amount, currency="EUR"), **fields)
    return Product.create(draft, product_id=f"prd_{sku}", company_id="cmp_1", currency="EUR", now=NOW)


def code_of(error: pytest.ExceptionInfo[DomainError]) -> str:
    return error.value.code


class TestBarcode:
    @pytest.mark.parametrize("code", ["96385074", "036000291452", "4006381333931", "10012345678902"])
    def test_takes_real_ones(self, code: str) -> None:
        assert is_gtin(code)

    @pytest.mark.parametrize("code", ["", "4006381333932", "400638133393", "40063813339３1", "4006381 33931", "00"])
    def test_refuses_others(self, code: str) -> None:
        assert not is_gtin(code)

    @given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 11), st.integers(1, 9))
    def test_every_wrong_digit_is_noticed(self, payload: str, place: int, shift: int) -> None:
        code = payload + str(check_digit(payload))
        assert is_gtin(code)
        wrong = code[:place] + str((int(code[place]) + shift) % 10) + code[place + 1 :]
        assert not is_gtin(wrong)


class TestAttributes:
    @pytest.mark.parametrize("name", ["color", "Größe", "色", "max load", "w_1", "2nd"])
    def test_takes_plain_names(self, name: str) -> None:
        assert is_attribute_name(name)

    @pytest.mark.parametrize("name", ["", "$where", "a.b", "a$", " a", "a=b", "x" * 51, "a\x00", "a\n"])
    def test_refuses_names_that_a_database_could_misread(self, name: str) -> None:
        assert not is_attribute_name(name)
        with pytest.raises(Invalid):
            check_attributes({name: "x"})

    def test_are_merged_as_a_patch(self) -> None:
        assert merged({"a": 1, "b": "x"}, {"b": None, "c": True}) == {"a": 1, "c": True}

    @pytest.mark.parametrize(
        ("value", "asked"), [("red", "red"), (42, "42"), (42, "42.0"), (1.5, "1.50"), (True, "true"), (-3, "-3")]
    )
    def test_are_found_by_their_spelling(self, value: Any, asked: str) -> None:
        assert set(facets({"a": value})) <= set(wanted_facets("a", [asked]))


class TestProduct:
    def test_tells_prices_of_its_variants(self) -> None:
        shirt = product("S", variants=SHIRTS, options=SIZES)
        created = shirt.recorded[0]
        assert isinstance(created, ProductCreated)
        assert [fact.price.amount for fact in created.variants] == [900, 1000]
        assert shirt.skus == ["S", "S-S", "S-M"]
        assert shirt.sellable_skus == ["S-S", "S-M"]

    def test_learns_its_options_from_its_variants(self) -> None:
        assert product("S", variants=SHIRTS).options == SIZES

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"variants": [VariantDraft("S")]}, "sku_taken"),
            ({"variants": [VariantDraft("T"), VariantDraft("U")]}, "invalid_variants"),
            ({"variants": [VariantDraft("T", {"Size": "XL"})], "options": SIZES}, "invalid_variants"),
            ({"variants": [VariantDraft("T", {})], "options": SIZES}, "invalid_variants"),
            ({"variants": [VariantDraft("T", {"Size": "S"}, id="var_x")]}, "invalid_variants"),
            ({"options": [*SIZES, *SIZES]}, "invalid_variants"),
            ({"variants": [VariantDraft("T", {"A": "1"}, Money(amount=1, currency="USD"))]}, "currency_mismatch"),
            ({"amount": 1, "attributes": {"$a": 1}}, "invalid_attributes"),
        ],
    )
    def test_refuses_what_cannot_be_sold(self, fields: dict[str, Any], code: str) -> None:
        variants = fields.get("variants", [])
        with pytest.raises((Invalid, Conflict)) as error:
            product("S" if variants and variants[0].sku == "S" else "P", **fields)
        assert code_of(error) == code

    def test_an_edit_says_what_was_there_before(self) -> None:
        mug = product(attributes={"color": "red"})
        mug.edit({"price": Money(amount=5, currency="EUR"), "attributes": {"color": None, "size": 3}}, "EUR")
        updated = mug.recorded[-1]
        assert isinstance(updated, ProductUpdated)
        assert updated.before == {"price": {"amount": 1000, "currency": "EUR"}, "attributes": {"color": "red"}}
        assert updated.price is not None
        assert (updated.price.amount, mug.facets) == (5, ["size=3"])

    def test_is_archived_once_by_either_way(self) -> None:
        mug = product()
        assert [mug.archive(), mug.archive()] == [True, False]
        other = product()
        other.edit({"status": "archived"}, "EUR")
        other.edit({"name": "Old mug"}, "EUR")
        for archived in (mug, other):
            assert sum(isinstance(event, ProductArchived) for event in archived.recorded) == 1

    def test_chooses_a_variant_where_there_are_any(self) -> None:
        shirt, mug = product("S", variants=SHIRTS), product()
        assert mug.choose(None) is None
        assert shirt.choose(shirt.variants[0].id) == shirt.variants[0]
        with pytest.raises(Invalid) as required:
            shirt.choose(None)
        with pytest.raises(NotFound):
            mug.choose("var_1")
        assert code_of(required) == "variant_required"


class TestStockStatus:
    @pytest.mark.parametrize(
        ("statuses", "shown"),
        [
            ([], "out_of_stock"),
            (["out_of_stock", "low_stock"], "low_stock"),
            (["low_stock", "in_stock"], "in_stock"),
            (["out_of_stock", "out_of_stock"], "out_of_stock"),
        ],
    )
    def test_is_the_best_over_all_warehouses(self, statuses: list[StockStatus], shown: StockStatus) -> None:
        flags = [
            StockFlag(sku="A", warehouse_id=f"whs_{number}", status=status, sequence=1)
            for number, status in enumerate(statuses)
        ]
        assert status_of(flags, ["A"]) == shown
        assert status_of(flags, ["B"]) == "out_of_stock"


class TestCategory:
    def _named(self, category_id: str, parent_id: str | None, parents: dict[str, str | None]) -> Category:
        return Category.create(
            category_id=category_id, company_id="cmp_1", name="X", parent_id=parent_id, parents=parents, now=NOW
        )

    def test_finds_everything_below(self) -> None:
        parents = {"a": None, "b": "a", "c": "b", "d": None}
        assert sorted(with_descendants("a", parents)) == ["a", "b", "c"]
        assert with_descendants("unknown", parents) == ["unknown"]

    def test_never_stands_below_itself(self) -> None:
        category = self._named("a", None, {})
        with pytest.raises(Conflict) as error:
            category.edit({"parent_id": "c"}, {"a": None, "b": "a", "c": "b"})
        assert code_of(error) == "category_cycle"

    def test_is_not_nested_without_end(self) -> None:
        chain: dict[str, str | None] = {str(number): str(number - 1) if number else None for number in range(30)}
        assert self._named("x", "5", chain).parent_id == "5"
        with pytest.raises(Conflict) as error:
            self._named("x", "29", chain)
        assert code_of(error) == "category_depth"

    def test_a_move_is_told_in_wire_names(self) -> None:
        category = self._named("a", None, {})
        category.edit({"parent_id": "b"}, {"a": None, "b": None})
        updated = category.recorded[-1]
        assert isinstance(updated, CategoryUpdated)
        assert (updated.before, updated.after) == ({"parentId": None}, {"parentId": "b"})


def cart_with(*lines: tuple[str, int]) -> Cart:
    cart = Cart.open_for_token(new_token(), "cmp_1", NOW)
    for sku, quantity in lines:
        cart.add(f"prd_{sku}", None, sku=sku, name=sku, quantity=quantity)
    return cart


class TestCart:
    def test_the_stored_id_does_not_tell_the_token(self) -> None:
        token = new_token()
        assert is_token(token)
        assert token not in id_of_token("cmp_1", token)
        assert id_of_token("cmp_1", token) != id_of_token("cmp_2", token)
        assert not is_token(id_of_token("cmp_1", token))

    def test_keeps_the_line_when_more_is_added(self) -> None:
        cart = cart_with(("A", 1), ("A", 2))
        assert [(line.sku, line.quantity) for line in cart.lines] == [("A", 3)]
        line_id = cart.lines[0].id
        cart.set_quantity(cart.line(line_id), 9)
        assert (cart.lines[0].id, cart.lines[0].quantity) == (line_id, 9)

    def test_is_bounded(self) -> None:
        cart = cart_with(*((f"P{number}", 1) for number in range(LINES_LIMIT)))
        with pytest.raises(Conflict) as full:
            cart.add("prd_X", None, sku="X", name="X", quantity=1)
        with pytest.raises(Invalid) as many:
            cart.add("prd_P1", None, sku="P1", name="P1", quantity=LARGEST_QUANTITY)
        assert (code_of(full), code_of(many)) == ("cart_full", "quantity_out_of_range")

    def test_merging_sums_and_voids_the_other(self) -> None:
        mine, other = cart_with(("A", 1), ("B", 1)), cart_with(("B", LARGEST_QUANTITY), ("C", 2))
        mine.take_in(other)
        assert [(line.sku, line.quantity) for line in mine.lines] == [("A", 1), ("B", LARGEST_QUANTITY), ("C", 2)]
        assert (other.lines, other.merged_into) == ([], mine.id)

    def test_an_order_ends_it_or_gives_it_another_id(self) -> None:
        cart = cart_with(("A", 1))
        mine = Cart.open_for_owner("usr_1", None, "cmp_1", NOW)
        before = mine.public_id
        cart.empty_after_order()
        mine.empty_after_order()
        assert (cart.lines, cart.is_ordered) == ([], True)
        assert (mine.is_ordered, mine.public_id != before) == (False, True)

    def test_the_successors_token_looks_like_any_other(self) -> None:
        token = new_token()
        assert is_token(successor_of(token))
        assert successor_of(token) not in (token, successor_of(new_token()))

    def test_a_line_that_no_order_could_hold_is_not_available(self) -> None:
        priced = price_cart(cart_with(("A", 1_000_000)), "t", {"prd_A": product("A", 10**12)}, "EUR", CompanySettings())
        assert not priced.lines[0].available
        assert priced.totals.grand_total == Money.zero("EUR")

    def test_left_alone_it_is_told_of_with_its_owners_address(self) -> None:
        cart = cart_with(("A", 2))
        cart.touch(NOW, timedelta(hours=1))
        assert cart.remind_at == NOW + timedelta(hours=1)
        cart.email = "a@buyers.example"
        cart.abandon(Money(amount=5, currency="EUR"))
        (told,) = cart.recorded
        assert isinstance(told, CartAbandoned)
        assert (told.email, told.units, told.last_changed_at, cart.remind_at) == ("a@buyers.example", 2, NOW, None)
        cart.remove()
        cart.touch(NOW, timedelta(hours=1))
        assert cart.remind_at is None

    @given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 50), st.none() | st.integers(0, 3000))))
    def test_totals_are_the_sum_of_lines(self, rows: list[tuple[int, int, int | None]]) -> None:
        for inclusive in (True, False):
            products = {
                f"prd_P{place}": product(f"P{place}", amount, tax_basis_points=rate)
                for place, (amount, _, rate) in enumerate(rows)
            }
            cart = cart_with(*((f"P{place}", quantity) for place, (_, quantity, _) in enumerate(rows)))
            settings = CompanySettings(tax_inclusive=inclusive, tax_basis_points=1900)
            totals = (priced := price_cart(cart, "t", products, "EUR", settings)).totals
            assert totals.subtotal == Money.total((line.total for line in priced.lines), "EUR")
            assert totals.tax == Money.total((line.tax for line in priced.lines), "EUR")
            added = Money.zero("EUR") if inclusive else totals.tax
            assert totals.grand_total == totals.subtotal - totals.discount + totals.shipping + added
