"""Rules of shops and of who works in them."""

from datetime import datetime
from typing import Any, Literal

from common.aggregate import Aggregate, Part
from common.errors import Conflict, NotFound
from common.events.parts import PostalAddress
from common.events.tenancy import ShopCreated, ShopStaffAdded, ShopStaffRemoved, ShopUpdated

STAFF_LIMIT = 500

StaffRole = Literal["shop_manager", "shop_staff"]
StaffStatus = Literal["active", "invited", "disabled"]


class StaffMember(Part):
    """Somebody who works in a shop; the account itself belongs to auth."""

    user_id: str
    email: str
    name: str | None
    role: StaffRole
    status: StaffStatus


class Shop(Aggregate):
    """A place that sells. ``warehouse_id`` is null until inventory has made its default warehouse."""

    name: str
    code: str
    address: PostalAddress | None = None
    timezone: str
    status: Literal["active", "closed"] = "active"
    warehouse_id: str | None = None
    staff: list[StaffMember] = []

    @classmethod
    def open(
        cls,
        *,
        shop_id: str,
        company_id: str,
        name: str,
        code: str,
        address: PostalAddress | None,
        timezone: str,
        now: datetime,
    ) -> "Shop":
        """A new shop, announced to inventory."""
        shop = cls(
            id=shop_id,
            company_id=company_id,
            name=name,
            code=code,
            address=address,
            timezone=timezone,
            created_at=now,
            updated_at=now,
        )
        shop.record(ShopCreated(shop_id=shop_id, name=name, code=code, timezone=timezone, address=address))
        return shop

    def edit(self, changes: dict[str, Any]) -> None:
        """Apply ``changes`` by field name and record what was there before."""
        before = {name: getattr(self, name) for name in changes}
        for name, value in changes.items():
            setattr(self, name, value)
        self.record(
            ShopUpdated(
                before=_plain(before),
                after=_plain(changes),
                shop_id=self.id,
                name=self.name,
                code=self.code,
                timezone=self.timezone,
                status=self.status,
            )
        )

    def add_staff(self, member: StaffMember) -> None:
        """Somebody starts here. Raises Conflict ``already_staff`` or ``staff_limit``."""
        if any(known.user_id == member.user_id for known in self.staff):
            raise Conflict("already_staff", "This person already works in the shop.")
        if len(self.staff) >= STAFF_LIMIT:
            raise Conflict("staff_limit", f"A shop has at most {STAFF_LIMIT} members of staff.")
        self.staff = [*self.staff, member]
        self.record(ShopStaffAdded(shop_id=self.id, user_id=member.user_id, email=member.email, role=member.role))

    def remove_staff(self, user_id: str) -> StaffMember:
        """Somebody leaves. Raises NotFound."""
        for member in self.staff:
            if member.user_id == user_id:
                self.staff = [known for known in self.staff if known.user_id != user_id]
                self.record(ShopStaffRemoved(shop_id=self.id, user_id=user_id))
                return member
        raise NotFound("member of staff")

    def follow_account(self, user_id: str, name: str | None, status: StaffStatus) -> bool:
        """Take over what auth says of an account. True when something changed."""
        for member in self.staff:
            if member.user_id == user_id and (member.name, member.status) != (name, status):
                member.name, member.status = name, status
                return True
        return False


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.model_dump(mode="json", by_alias=True) if isinstance(value, Part | PostalAddress) else value
        for name, value in values.items()
    }
