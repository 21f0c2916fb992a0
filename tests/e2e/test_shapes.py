"""The checker that the shop's life is held to is itself strict."""

from typing import Any

import pytest

from tests.e2e.shapes import CATEGORY, MONEY, TOTALS, ShapeError, check, page_of

SOUND: dict[str, Any] = {
    "id": "cat_01jd0000000000000000000000",
    "companyId": "cmp_01jd0000000000000000000000",
    "version": 1,
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-01T00:00:00.123Z",
    "name": "Shoes",
    "parentId": None,
}


class TestCheck:
    def test_takes_what_is_sound_and_fields_beside_it(self) -> None:
        check({**SOUND, "more": 1}, CATEGORY)
        check({"items": [SOUND], "nextCursor": None}, page_of(CATEGORY))

    @pytest.mark.parametrize("field", sorted(SOUND))
    def test_misses_each_field(self, field: str) -> None:
        with pytest.raises(ShapeError, match=field):
            check({name: value for name, value in SOUND.items() if name != field}, CATEGORY)

    @pytest.mark.parametrize(
        ("field", "wrong"),
        [
            ("id", 7), ("companyId", "usr_01jd0000000000000000000000"), ("version", True), ("version", "1"),
            ("createdAt", "2026-01-01T00:00:00+00:00"), ("createdAt", None), ("name", None), ("parent_id", None),
        ],
    )  # fmt: skip
    def test_refuses_another_type(self, field: str, wrong: object) -> None:
        with pytest.raises(ShapeError):
            check({**SOUND, field: wrong}, CATEGORY)

    @pytest.mark.parametrize("money", [{"amount": 9.99, "currency": "EUR"}, {"amount": 9, "currency": "eur"}, 9, None])
    def test_wants_money_whole(self, money: object) -> None:
        with pytest.raises(ShapeError):
            check(money, MONEY)
        with pytest.raises(ShapeError, match="tax"):
            check({**{name: {"amount": 1, "currency": "EUR"} for name in TOTALS}, "tax": money}, TOTALS)
