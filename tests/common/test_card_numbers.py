"""Card numbers in fields that were not made for them."""

import pytest

from common.card_numbers import names_card
from common.errors import Invalid
from common.web.schema import In

CARDS = (
    "4242424242424242", "4242 4242 4242 4242", "5555-5555-5555-4444", "2223003122003222", "378282246310005",
    "6011111111111117", "30569309025904", "3566002020360505", "6200000000000005",
)  # fmt: skip


class Note(In):
    """A body with text in several places."""

    text: str = ""
    tags: list[str] = []
    attributes: dict[str, str] = {}
    barcode: str = ""
    inner: "Note | None" = None


@pytest.mark.parametrize("number", CARDS)
def test_are_refused_wherever_they_stand(number: str) -> None:
    said = f"my card is {number}, thanks"
    for body in ({"text": said}, {"tags": ["a", said]}, {"attributes": {"colour": said}}, {"inner": {"text": said}}):
        with pytest.raises(Invalid) as refused:
            Note.model_validate(body)
        assert refused.value.code == "card_number_refused"
        assert number not in str(refused.value)


def test_an_id_of_ours_is_none_whatever_its_digits() -> None:
    own = "whs_4242424242424242abcdefghij"
    assert not names_card(own)
    assert not names_card(f"from {own}, {own}")
    assert names_card("whs_4242424242424242")
    assert names_card(f"{own} 4242424242424242")


@pytest.mark.parametrize("text", ["4006381333931", "4242424242424241", "+4915112345678", "1Z999AA10123456784", ""])
def test_other_numbers_are_taken(text: str) -> None:
    assert not names_card(text)
    assert Note.model_validate({"text": text, "barcode": "36285470000005"}).text == text
