"""Warehouses: places where stock lies, in the order in which they are asked."""

from datetime import datetime
from typing import Any, Literal

from common.aggregate import Aggregate
from common.errors import Conflict
from common.events.stock import WarehouseCreated, WarehouseUpdated

WarehouseStatus = Literal["active", "inactive"]

SHOP_PRIORITY = 1
USUAL_PRIORITY = 10


class Warehouse(Aggregate):
    """A place where stock lies. A lower ``priority`` is asked first; ``is_default``: it came with its shop.

    An inactive one is not asked by new orders; what it holds already stays held, and it can be counted and moved.
    """

    name: str
    code: str
    shop_id: str | None = None
    priority: int = USUAL_PRIORITY
    is_default: bool = False
    status: WarehouseStatus = "active"

    @classmethod
    def open(
        cls,
        *,
        warehouse_id: str,
        company_id: str,
        name: str,
        code: str,
        shop_id: str | None,
        priority: int,
        is_default: bool,
        now: datetime,
    ) -> "Warehouse":
        """A new warehouse. The event names the shop only for its default one: shop keeps that id."""
        warehouse = cls(
            id=warehouse_id,
            company_id=company_id,
            name=name,
            code=code,
            shop_id=shop_id,
            priority=priority,
            is_default=is_default,
            created_at=now,
            updated_at=now,
        )
        default_of = shop_id if is_default else None
        warehouse.record(
            WarehouseCreated(warehouse_id=warehouse_id, name=name, code=code, shop_id=default_of, priority=priority)
        )
        return warehouse

    def edit(self, changes: dict[str, Any]) -> None:
        """Apply ``changes`` by field name and record what was there before.

        Raises Conflict ``default_warehouse``: what a shop sells first is always asked.
        """
        if self.is_default and changes.get("status") == "inactive":
            raise Conflict("default_warehouse", "The warehouse that came with a shop stays active.")
        before = {name: getattr(self, name) for name in changes}
        for name, value in changes.items():
            setattr(self, name, value)
        self.record(
            WarehouseUpdated(before=before, after=changes, warehouse_id=self.id, name=self.name, priority=self.priority)
        )


def in_order(warehouses: list[Warehouse], shop_id: str | None) -> list[Warehouse]:
    """The order in which active warehouses are asked: the shop's default, the shop's others, then by priority."""

    def rank(warehouse: Warehouse) -> tuple[bool, bool, int, str]:
        of_shop = shop_id is not None and warehouse.shop_id == shop_id
        return (not (of_shop and warehouse.is_default), not of_shop, warehouse.priority, warehouse.id)

    return sorted((one for one in warehouses if one.status == "active"), key=rank)
