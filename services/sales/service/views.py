"""Saved views of the order list."""

from common.clock import Clock
from common.context import current
from common.errors import Conflict, NotFound
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from services.sales.domain.record import Actor
from services.sales.domain.view import View
from services.sales.store import Views

VIEWS_LIMIT = 200


class ViewService:
    """A company's saved views."""

    def __init__(self, views: Views, clock: Clock) -> None:
        self._views = views
        self._clock = clock

    async def save(self, who: Principal, view_id: str, name: str, filters: dict[str, str | int], sort: str) -> View:
        """Keep a view. Raises Conflict ``name_taken``, ``too_many_views``."""
        views = self._views.for_company(who.tenant)
        if await views.collection.count_documents(views.scope({"deletedAt": None}), limit=VIEWS_LIMIT) >= VIEWS_LIMIT:
            raise Conflict("too_many_views", f"A company keeps at most {VIEWS_LIMIT} views.")
        by = Actor.read(current().actor)
        return await views.add(View.keep(view_id, who.tenant, name, filters, sort, now=self._clock.now(), by=by))

    async def browse(self, who: Principal, page: PageRequest) -> Page[View]:
        """Views that are in use."""
        return await self._views.for_company(who.tenant).page({"deletedAt": None}, page)

    async def delete(self, who: Principal, view_id: str) -> None:
        """Remove a view. Raises NotFound."""
        views = self._views.for_company(who.tenant)
        view = await views.get(view_id)
        if view.deleted_at is not None:
            raise NotFound("view")
        view.delete(now=self._clock.now())
        await views.save(view)
