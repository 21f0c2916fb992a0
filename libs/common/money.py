"""Money: integer minor units and an ISO 4217 currency, always together. No float comes near it."""

from collections.abc import Iterable, Sequence
from functools import total_ordering
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt
from pydantic_extra_types.currency_code import ISO4217

LARGEST_AMOUNT = 10**15
"""Bound of an amount in minor units; keeps every sum of a book within 64 bits."""

# ISO 4217, list one: the currencies whose minor unit is not a hundredth.
_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}

_KNOWN = frozenset(ISO4217.allowed_currencies)


def _known_currency(code: str) -> str:
    if code not in _KNOWN:
        raise ValueError("must be an ISO 4217 code, such as EUR")
    return code


Currency = Annotated[str, AfterValidator(_known_currency)]
"""An ISO 4217 alphabetic code."""


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one sum."""


def exponent(currency: str) -> int:
    """Digits after the decimal point in ``currency`` (JPY 0, EUR 2, KWD 3)."""
    return _EXPONENTS.get(currency, 2)


@total_ordering
class Money(BaseModel):
    """An amount in minor units of one currency. Arithmetic raises CurrencyMismatch across currencies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Annotated[StrictInt, Field(ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)]
    currency: Currency

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, in ``currency``."""
        return Money.model_construct(amount=0, currency=currency)

    @classmethod
    def of(cls, amount: int, currency: str) -> "Money":
        """``amount`` minor units; for values already checked at the edge, so nothing is validated again."""
        return Money.model_construct(amount=amount, currency=currency)

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: str) -> "Money":
        """The sum of ``amounts``; zero of ``currency`` when there are none."""
        result = Money.zero(currency)
        for amount in amounts:
            result = result + amount
        return result

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not add up")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money.of(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money.of(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money.of(-self.amount, self.currency)

    def __mul__(self, factor: int) -> "Money":
        if type(factor) is not int:
            raise TypeError("money is multiplied by whole numbers only")
        return Money.of(self.amount * factor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount < other.amount

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and (self.amount, self.currency) == (other.amount, other.currency)

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def allocate(self, weights: Sequence[int]) -> list["Money"]:
        """Split by ``weights`` so that the parts sum to the whole (largest remainder, first come on ties).

        Raises ValueError for negative weights or for weights that are all zero.
        """
        return [Money.of(part, self.currency) for part in allocate(self.amount, weights)]


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Largest-remainder split of ``amount`` minor units over ``weights``; see :meth:`Money.allocate`."""
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative and not all zero")
    sign = -1 if amount < 0 else 1
    shares = [divmod(abs(amount) * weight, total) for weight in weights]
    left = abs(amount) - sum(quotient for quotient, _ in shares)
    by_remainder = sorted(range(len(shares)), key=lambda index: (-shares[index][1], index))
    extra = set(by_remainder[:left])
    return [sign * (quotient + (index in extra)) for index, (quotient, _) in enumerate(shares)]


def basis_points_of(amount: int, basis_points: int, *, inclusive: bool) -> int:
    """Tax on ``amount`` minor units at ``basis_points`` (2000 = 20 %), rounded half up.

    ``inclusive``: the part of ``amount`` that is tax; otherwise the tax to add to it.
    """
    base = 10_000 + basis_points if inclusive else 10_000
    return (2 * amount * basis_points + base) // (2 * base)


def as_document(value: Any) -> Any:
    """Money as stored: a plain ``{amount, currency}`` document."""
    return {"amount": value.amount, "currency": value.currency}
