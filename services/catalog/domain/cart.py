"""Carts: what somebody means to buy. Prices are looked up live; a cart holds none."""

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from common.aggregate import Aggregate, Part
from common.errors import Conflict, Invalid, NotFound
from common.events.catalogue import CartAbandoned
from common.ids import new_id
from common.money import Money

LINES_LIMIT = 200
LARGEST_QUANTITY = 1_000_000
KEPT_FOR = timedelta(days=90)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")


class CartLine(Part):
    """A product or variant in some quantity; ``sku`` and ``name`` as they were when it was put in."""

    id: str
    product_id: str
    variant_id: str | None
    sku: str
    name: str
    quantity: int


class Cart(Aggregate):
    """One basket, of a signed-in shopper or of whoever holds its token.

    ``public_id`` is what an order names. Each is ordered once: after an order a signed-in shopper's cart
    goes on under another public id, and the cart of a token ends (``is_ordered``): its successor has a
    token that follows from this one. ``merged_into``: a signed-in cart has taken it in; its token is void.
    ``remind_at``: when it counts as abandoned unless somebody changes it before.
    """

    public_id: str
    owner_id: str | None = None
    customer_id: str | None = None
    lines: list[CartLine] = []
    merged_into: str | None = None
    is_ordered: bool = False
    expires_at: datetime
    changed_at: datetime | None = None
    remind_at: datetime | None = None
    email: str | None = None

    @classmethod
    def open_for_token(cls, token: str, company_id: str, now: datetime) -> "Cart":
        """The empty cart of whoever holds ``token``."""
        cart_id = id_of_token(company_id, token)
        return cls._open(cart_id, cart_id, company_id, now)

    @classmethod
    def open_for_owner(cls, owner_id: str, customer_id: str | None, company_id: str, now: datetime) -> "Cart":
        """The empty cart of somebody signed in."""
        cart = cls._open(id_of_owner(company_id, owner_id), new_id("crt"), company_id, now)
        cart.owner_id, cart.customer_id = owner_id, customer_id
        return cart

    @classmethod
    def _open(cls, cart_id: str, public_id: str, company_id: str, now: datetime) -> "Cart":
        return cls(
            id=cart_id,
            public_id=public_id,
            company_id=company_id,
            created_at=now,
            updated_at=now,
            expires_at=now + KEPT_FOR,
            changed_at=now,
        )

    def add(self, product_id: str, variant_id: str | None, *, sku: str, name: str, quantity: int) -> None:
        """Put in more. Raises Invalid ``quantity_out_of_range``, Conflict ``cart_full``."""
        line = self._line_of(product_id, variant_id)
        if line is not None:
            line.quantity = _checked(line.quantity + quantity)
            return
        if len(self.lines) >= LINES_LIMIT:
            raise Conflict("cart_full", f"A cart has at most {LINES_LIMIT} lines.")
        line_id = new_id("cit")
        self.lines = [
            *self.lines,
            CartLine(
                id=line_id,
                product_id=product_id,
                variant_id=variant_id,
                sku=sku,
                name=name,
                quantity=_checked(quantity),
            ),
        ]

    def set_quantity(self, line: CartLine, quantity: int) -> None:
        """Make it ``quantity`` pieces; 0 takes the line out."""
        if quantity == 0:
            self.lines = [kept for kept in self.lines if kept.id != line.id]
        else:
            line.quantity = _checked(quantity)

    def line(self, line_id: str) -> CartLine:
        """One line by id. Raises NotFound."""
        for line in self.lines:
            if line.id == line_id:
                return line
        raise NotFound("line in this cart")

    def line_of(self, product_id: str, variant_id: str | None) -> CartLine:
        """One line by what it holds. Raises NotFound."""
        line = self._line_of(product_id, variant_id)
        if line is None:
            raise NotFound("line in this cart")
        return line

    def remove(self, product_id: str | None = None, variant_id: str | None = None) -> None:
        """Take out one product (all its variants unless one is named); without a product everything."""
        self.lines = [
            line
            for line in self.lines
            if product_id is not None
            and (line.product_id != product_id or (variant_id is not None and line.variant_id != variant_id))
        ]

    def take_in(self, other: "Cart") -> None:
        """Merge another cart's lines, as far as the bounds allow; the other one is void afterwards."""
        self.take_lines(other.lines)
        other.lines = []
        other.merged_into = self.id
        other.remind_at = None

    def take_lines(self, lines: Sequence[CartLine]) -> None:
        """Put in what these lines hold, as far as the bounds allow."""
        for line in lines:
            known = self._line_of(line.product_id, line.variant_id)
            if known is not None:
                known.quantity = min(known.quantity + line.quantity, LARGEST_QUANTITY)
            elif len(self.lines) < LINES_LIMIT:
                self.lines = [*self.lines, line.model_copy(update={"id": new_id("cit")})]

    def empty_after_order(self) -> None:
        """An order took what was in it."""
        self.lines = []
        self.remind_at = None
        if self.owner_id is None:
            self.is_ordered = True
        else:
            self.public_id = new_id("crt")

    def touch(self, now: datetime, idle: timedelta) -> None:
        """It is in use: kept for another 90 days, and abandoned when ``idle`` passes with something in it."""
        self.expires_at = now + KEPT_FOR
        self.changed_at = now
        self.remind_at = now + idle if self.lines else None

    def abandon(self, value: Money) -> None:
        """Nobody came back to it in time; told once, until somebody changes it again."""
        self.remind_at = None
        self.record(
            CartAbandoned(
                cart_id=self.public_id,
                owner_id=self.owner_id,
                customer_id=self.customer_id,
                email=self.email,
                units=sum(line.quantity for line in self.lines),
                value=value,
                last_changed_at=self.changed_at or self.updated_at,
            )
        )

    def _line_of(self, product_id: str, variant_id: str | None) -> CartLine | None:
        for line in self.lines:
            if (line.product_id, line.variant_id) == (product_id, variant_id):
                return line
        return None


def new_token() -> str:
    """A fresh secret of 192 bits that opens one anonymous cart."""
    return secrets.token_urlsafe(24)


def is_token(text: str | None) -> bool:
    """Whether it looks like one of our tokens."""
    return text is not None and _TOKEN.fullmatch(text) is not None


def successor_of(token: str) -> str:
    """The token of the cart that follows the ordered one: whoever holds the old one reaches it."""
    digest = hashlib.sha256(f"successor:{token}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def id_of_token(company_id: str, token: str) -> str:
    """The stored id of a token's cart; the token itself cannot be told from it."""
    return _derived(f"token:{company_id}:{token}")


def id_of_owner(company_id: str, owner_id: str) -> str:
    """The stored id of a signed-in shopper's cart: one each in a company."""
    return _derived(f"owner:{company_id}:{owner_id}")


def _derived(text: str) -> str:
    return "crt_" + hashlib.sha256(text.encode()).hexdigest()[:40]


def _checked(quantity: int) -> int:
    if not 1 <= quantity <= LARGEST_QUANTITY:
        message = f"must be 1 to {LARGEST_QUANTITY} pieces"
        raise Invalid("quantity_out_of_range", f"A line {message}.", [("quantity", message)])
    return quantity
