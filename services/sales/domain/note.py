"""What staff write about an order or a customer, for each other."""

from datetime import datetime
from typing import Literal

from common.aggregate import Aggregate
from common.events.orders import CustomerNoted, OrderNoted
from services.sales.domain.record import Actor

About = Literal["order", "customer"]


class Note(Aggregate):
    """A remark; nobody edits it afterwards, and customers never see it."""

    about: About
    about_id: str
    text: str
    author: Actor

    @classmethod
    def write(
        cls,
        note_id: str,
        company_id: str,
        about: About,
        about_id: str,
        text: str,
        *,
        shop_id: str | None,
        now: datetime,
        by: Actor,
    ) -> "Note":
        """A new note."""
        note = cls(
            id=note_id,
            company_id=company_id,
            about=about,
            about_id=about_id,
            text=text,
            author=by,
            created_at=now,
            updated_at=now,
        )
        if about == "order":
            note.record(OrderNoted(note_id=note_id, order_id=about_id, shop_id=shop_id))
        else:
            note.record(CustomerNoted(note_id=note_id, customer_id=about_id))
        return note
