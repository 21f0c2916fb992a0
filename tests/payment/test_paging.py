"""Pages of lists that are held whole: every item once, in order, whatever the limit."""

from datetime import UTC, datetime, timedelta

import pytest

from common.errors import Invalid
from common.pagination import PageRequest, page_request
from common.web.schema import Resource
from services.payment.routes.paging import cut

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def resources(count: int) -> list[Resource]:
    """Every two of them of one instant."""
    times = [NOON + timedelta(seconds=number // 2) for number in range(count)]
    return [
        Resource(id=f"rfd_{number}", company_id="cmp_1", version=1, created_at=at, updated_at=at)
        for number, at in enumerate(times)
    ]


@pytest.mark.parametrize("sort", ["createdAt", "-createdAt"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_shows_each_item_once_in_order(sort: str, limit: int) -> None:
    items, seen, cursor = resources(7), [], None
    while True:
        page = cut(items, page_request(limit, cursor, sort, ("createdAt",)))
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    wanted = [item.id for item in items]
    assert seen == (wanted if sort == "createdAt" else wanted[::-1])


def test_refuses_a_cursor_of_another_list() -> None:
    made_elsewhere = PageRequest(sort="createdAt").cursor_for("a name", "rfd_1")
    with pytest.raises(Invalid) as refused:
        cut(resources(2), page_request(1, made_elsewhere, None, ("createdAt",)))
    assert refused.value.code == "invalid_cursor"
