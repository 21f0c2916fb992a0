"""Use cases of carts put aside."""

from common.clock import Clock
from common.errors import Conflict, NotFound, Unauthenticated
from common.ids import new_id
from common.pagination import Page, PageRequest
from services.catalog.domain.saved_cart import SAVED_LIMIT, SavedCart
from services.catalog.domain.totals import PricedCart
from services.catalog.service.carts import CartHolder, CartService
from services.catalog.store.carts import SavedCarts


class SavedCartService:
    """Saved carts of whoever is signed in; nobody else reaches them."""

    def __init__(self, saved: SavedCarts, carts: CartService, clock: Clock) -> None:
        self._saved = saved
        self._carts = carts
        self._clock = clock

    async def save(self, holder: CartHolder, name: str) -> SavedCart:
        """Put the cart aside under a name; it stays as it is. Raises Conflict ``cart_empty``, ``saved_carts_full``."""
        owner_id, saved = _owner_of(holder), self._saved.for_company(holder.company_id)
        cart = (await self._carts.show(holder)).cart
        if await saved.count_of(owner_id) >= SAVED_LIMIT:
            raise Conflict("saved_carts_full", f"At most {SAVED_LIMIT} carts can be put aside.")
        return await saved.insert(
            SavedCart.of(cart, name, saved_id=new_id("sav"), owner_id=owner_id, now=self._clock.now())
        )

    async def list(self, holder: CartHolder, page: PageRequest) -> Page[SavedCart]:
        """The caller's saved carts."""
        return await self._saved.for_company(holder.company_id).page({"ownerId": _owner_of(holder)}, page)

    async def restore(self, holder: CartHolder, saved_id: str) -> PricedCart:
        """Put what was saved into the cart, beside what is there; the saved one stays. Raises NotFound."""
        owner_id = _owner_of(holder)
        saved = await self._saved.for_company(holder.company_id).find_one({"_id": saved_id, "ownerId": owner_id})
        if saved is None:
            raise NotFound("saved cart")
        return await self._carts.put_back(holder, saved.lines)

    async def remove(self, holder: CartHolder, saved_id: str) -> None:
        """Forget one. Raises NotFound."""
        if not await self._saved.for_company(holder.company_id).remove(_owner_of(holder), saved_id):
            raise NotFound("saved cart")


def _owner_of(holder: CartHolder) -> str:
    """Who is signed in. Raises Unauthenticated: a cart of a token alone cannot be put aside."""
    if holder.owner_id is None:
        raise Unauthenticated("authentication_required", "Sign in to put carts aside.")
    return holder.owner_id
