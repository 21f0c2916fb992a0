"""Roles that a company makes for itself: a name for a set of permissions."""

from datetime import datetime
from typing import Any

from common.aggregate import Aggregate
from common.errors import Invalid
from common.events.identity import RoleCreated, RoleDeleted, RoleUpdated
from common.identity.permissions import ROLE_PERMISSIONS

ASSIGNABLE = ROLE_PERMISSIONS["company_admin"]
"""What a company's people can be given: nothing of the platform's."""


class CustomRole(Aggregate):
    """A company's own role. It stands beside a membership's base role, which still decides the shops."""

    name: str
    description: str | None = None
    permissions: list[str]
    deleted_at: datetime | None = None

    @classmethod
    def make(
        cls,
        *,
        role_id: str,
        company_id: str,
        name: str,
        description: str | None,
        permissions: list[str],
        now: datetime,
    ) -> "CustomRole":
        """A new role."""
        role = cls(
            id=role_id,
            company_id=company_id,
            name=name,
            description=description,
            permissions=permissions,
            created_at=now,
            updated_at=now,
        )
        role.record(RoleCreated(role_id=role_id, name=name, permissions=permissions))
        return role

    def edit(self, changes: dict[str, Any]) -> bool:
        """Take what is given. True when the permissions are others than before."""
        changed = {name: value for name, value in changes.items() if getattr(self, name) != value}
        if not changed:
            return False
        before = {name: getattr(self, name) for name in changed}
        for name, value in changed.items():
            setattr(self, name, value)
        self.record(
            RoleUpdated(before=before, after=changed, role_id=self.id, name=self.name, permissions=self.permissions)
        )
        return "permissions" in changed

    def end(self, now: datetime) -> None:
        """Nobody has it, and it goes; its name is free again."""
        self.deleted_at = now
        self.record(RoleDeleted(role_id=self.id, name=self.name))


def check_permissions(permissions: list[str]) -> None:
    """Raises Invalid ``unknown_permission``."""
    unknown = [
        (f"permissions.{number}", "is not a permission of a company's people")
        for number, name in enumerate(permissions)
        if name not in ASSIGNABLE
    ]
    if unknown:
        raise Invalid("unknown_permission", "Some permissions are refused.", unknown)
