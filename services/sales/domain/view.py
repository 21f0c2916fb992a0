"""Filters of the order list that staff keep under a name."""

from datetime import datetime

from common.aggregate import Aggregate
from common.events.orders import OrderViewDeleted, OrderViewSaved
from services.sales.domain.record import Actor


class View(Aggregate):
    """A saved view, the whole company's. ``filters``: the list's own query parameters."""

    name: str
    filters: dict[str, str | int]
    sort: str
    author: Actor
    deleted_at: datetime | None = None

    @classmethod
    def keep(
        cls,
        view_id: str,
        company_id: str,
        name: str,
        filters: dict[str, str | int],
        sort: str,
        *,
        now: datetime,
        by: Actor,
    ) -> "View":
        """A new view."""
        view = cls(
            id=view_id,
            company_id=company_id,
            name=name,
            filters=filters,
            sort=sort,
            author=by,
            created_at=now,
            updated_at=now,
        )
        view.record(OrderViewSaved(view_id=view_id, name=name))
        return view

    def delete(self, *, now: datetime) -> None:
        """Remove it; the document stays until nobody needs to be told any more."""
        self.deleted_at = now
        self.record(OrderViewDeleted(view_id=self.id, name=self.name))
