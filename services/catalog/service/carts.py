"""Use cases of carts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from common.clock import Clock
from common.errors import Conflict, NotFound, VersionConflict
from common.identity.principal import Principal
from common.mongo.transactions import Session, transact
from services.catalog.clients.company import Companies
from services.catalog.domain.cart import Cart, CartLine, id_of_owner, id_of_token, is_token, new_token, successor_of
from services.catalog.domain.totals import PricedCart, price_cart
from services.catalog.store.carts import Carts
from services.catalog.store.products import Products

TRIES = 20
SUCCESSORS_LIMIT = 50

Change = Callable[[Cart], None]


@dataclass(frozen=True, slots=True)
class CartHolder:
    """Whose cart: a signed-in shopper's, or that of whoever holds ``token``. ``token`` may still be merged."""

    company_id: str
    owner_id: str | None
    customer_id: str | None
    token: str | None
    email: str | None = None

    @classmethod
    def of(cls, who: Principal, token: str | None) -> "CartHolder":
        """The holder behind a request; a token that is none of ours counts as none."""
        owner_id = who.id if who.kind == "user" else None
        return cls(who.tenant, owner_id, who.customer_id, token if is_token(token) else None, who.email)


class CartService:
    """Carts with live prices. One conditional update a change; a lost race is run again."""

    def __init__(self, carts: Carts, products: Products, companies: Companies, clock: Clock, idle: timedelta) -> None:
        self._carts = carts
        self._products = products
        self._companies = companies
        self._clock = clock
        self._idle = idle

    async def show(self, holder: CartHolder) -> PricedCart:
        """The cart; one that was never used is shown empty and not stored."""
        await self._merge(holder)
        cart, token = await self._find_or_open(holder)
        return await self._priced(cart, token)

    async def add(self, holder: CartHolder, product_id: str, variant_id: str | None, quantity: int) -> PricedCart:
        """Put something in. Raises NotFound, Invalid ``variant_required``, Conflict ``cart_full``."""
        product = await self._products.for_company(holder.company_id).get(product_id)
        if product.status != "active":
            raise NotFound("product")
        variant = product.choose(variant_id)
        sku = variant.sku if variant else product.sku
        return await self._change(
            holder, lambda cart: cart.add(product_id, variant_id, sku=sku, name=product.name, quantity=quantity)
        )

    async def set_quantity(
        self, holder: CartHolder, product_id: str, variant_id: str | None, quantity: int
    ) -> PricedCart:
        """Make a line ``quantity`` pieces; 0 removes. Raises NotFound for what is not in the cart."""

        def change(cart: Cart) -> None:
            cart.set_quantity(cart.line_of(product_id, variant_id), quantity)

        return await self._change(holder, change)

    async def set_line(self, holder: CartHolder, line_id: str, quantity: int) -> PricedCart:
        """The same, by the line's id."""
        return await self._change(holder, lambda cart: cart.set_quantity(cart.line(line_id), quantity))

    async def remove(
        self, holder: CartHolder, product_id: str | None = None, variant_id: str | None = None
    ) -> PricedCart:
        """Take out one product, or everything; what is not there is no fault."""
        return await self._change(holder, lambda cart: cart.remove(product_id, variant_id))

    async def put_back(self, holder: CartHolder, lines: Sequence[CartLine]) -> PricedCart:
        """Put lines that were saved into the cart, beside what is there."""
        return await self._change(holder, lambda cart: cart.take_lines(lines))

    async def tell(self, company_id: str, reference: str) -> Cart:
        """The cart of a token or public id, for another service. Raises NotFound."""
        cart = await self._carts.for_company(company_id).find_one(_named(company_id, reference))
        if cart is None or cart.merged_into is not None:
            raise NotFound("cart")
        return cart

    async def empty_after_order(self, company_id: str, reference: str, event_id: str) -> None:
        """An order was made of this cart. A second delivery changes nothing."""
        carts = self._carts.for_company(company_id)
        cart = await carts.find_one(_named(company_id, reference))
        if cart is not None and not cart.has_handled(event_id):
            cart.empty_after_order()
            await carts.save(cart, handled=event_id)

    async def _change(self, holder: CartHolder, change: Change) -> PricedCart:
        await self._merge(holder)
        carts = self._carts.for_company(holder.company_id)
        for _ in range(TRIES):
            cart, token = await self._find_or_open(holder)
            change(cart)
            self._touch(cart, holder)
            try:
                await (carts.save(cart) if cart.is_stored else carts.insert(cart))
            except (VersionConflict, Conflict):
                continue  # somebody else changed or made it in between
            return await self._priced(cart, token)
        raise Conflict("cart_busy", "This cart is being changed from many places at once.")

    def _touch(self, cart: Cart, holder: CartHolder) -> None:
        cart.touch(self._clock.now(), self._idle)
        cart.email = holder.email or cart.email

    async def _find_or_open(self, holder: CartHolder) -> tuple[Cart, str]:
        """The holder's cart and what opens it; a void or missing token is replaced by a new one."""
        carts, now = self._carts.for_company(holder.company_id), self._clock.now()
        if holder.owner_id is not None:
            cart = await carts.find(id_of_owner(holder.company_id, holder.owner_id))
            if cart is None:
                cart = Cart.open_for_owner(holder.owner_id, holder.customer_id, holder.company_id, now)
            return cart, cart.public_id
        cart, token = await self._of_token(carts, holder.token or new_token())
        if cart is not None and (cart.merged_into is not None or cart.is_ordered):
            cart, token = None, new_token()
        return cart or Cart.open_for_token(token, holder.company_id, now), token

    async def _of_token(self, carts: Carts, token: str) -> tuple[Cart | None, str]:
        """The cart behind a token and the token it has now: what was ordered is followed to its successor."""
        cart = None
        for _ in range(SUCCESSORS_LIMIT):
            cart = await carts.find(id_of_token(carts.company_id, token))
            if cart is None or not cart.is_ordered:
                break
            token = successor_of(token)
        return cart, token

    async def _merge(self, holder: CartHolder) -> None:
        """Take what was put in before signing in into the signed-in cart, once; the token is void then."""
        if holder.owner_id is None or holder.token is None:
            return None
        carts = self._carts.for_company(holder.company_id)
        token_cart_id = id_of_token(holder.company_id, holder.token)
        before = await carts.find(token_cart_id)
        if before is None or before.merged_into is not None:
            return None

        async def work(session: Session) -> None:
            anonymous = await carts.find_one({"_id": token_cart_id}, session)
            if anonymous is None or anonymous.merged_into is not None:
                return
            mine = await carts.find_one({"_id": id_of_owner(holder.company_id, owner_id)}, session)
            if mine is None:
                mine = Cart.open_for_owner(owner_id, holder.customer_id, holder.company_id, self._clock.now())
            mine.take_in(anonymous)
            self._touch(mine, holder)
            await carts.save(anonymous, session=session)
            await (carts.save if mine.is_stored else carts.insert)(mine, session=session)

        owner_id = holder.owner_id
        for _ in range(TRIES):
            try:
                return await transact(self._carts.ground.client, work)
            except (VersionConflict, Conflict):
                continue
        raise Conflict("cart_busy", "This cart is being changed from many places at once.")

    async def _priced(self, cart: Cart, token: str) -> PricedCart:
        company_id = cart.company_id or ""
        company = await self._companies.get(company_id)
        products = await self._products.for_company(company_id).by_ids([line.product_id for line in cart.lines])
        return price_cart(cart, token, products, company.currency, company.settings)


def _named(company_id: str, reference: str) -> dict[str, str]:
    if is_token(reference):
        return {"_id": id_of_token(company_id, reference)}
    return {"publicId": reference}
