"""Who is calling, in which company, with which permissions."""

from dataclasses import dataclass
from typing import Literal

from common.errors import BadRequest, Forbidden, NotFound
from common.identity.permissions import STAFF_ROLES

Kind = Literal["user", "key", "service", "anonymous"]


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. ``tenant_id`` is the company acted in: its own, or the one named for this call.

    ``issued_at``: since when the token says so (seconds since 1970); a later revocation counts against it.
    """

    kind: Kind
    id: str
    role: str
    permissions: frozenset[str]
    company_id: str | None = None
    tenant_id: str | None = None
    shop_ids: tuple[str, ...] = ()
    customer_id: str | None = None
    session_id: str | None = None
    email: str | None = None
    issued_at: int | None = None

    @property
    def tenant(self) -> str:
        """The company acted in. Raises BadRequest ``tenant_required`` when the call names none."""
        if self.tenant_id is None:
            raise BadRequest("tenant_required", "Name the company with X-Tenant-ID.")
        return self.tenant_id

    @property
    def actor(self) -> str:
        """As written into events and the audit log, such as ``user:usr_…``."""
        return f"{self.kind}:{self.id}" if self.id else self.kind

    @property
    def is_staff(self) -> bool:
        """Whether this acts for the company: who works there, a secret key, the platform's administrator."""
        return self.role in STAFF_ROLES or self.role in ("super_admin", "secret_key")

    @property
    def is_visitor(self) -> bool:
        """Whether nobody in particular calls: without credentials, or with a storefront's publishable key."""
        return self.role in ("anonymous", "publishable_key")

    @property
    def is_limited_to_shops(self) -> bool:
        """Whether only the caller's own shops may be seen."""
        return self.role in ("shop_manager", "shop_staff")

    @property
    def is_platform_customer(self) -> bool:
        """Whether this is a customer of the whole platform: a company's record of them is known to sales alone."""
        return self.kind == "user" and self.role == "customer" and self.company_id is None

    def may(self, permission: str) -> bool:
        """Whether the permission is held."""
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raises Forbidden ``permission_denied`` when the permission is not held."""
        if permission not in self.permissions:
            raise Forbidden("permission_denied", f"This needs the permission {permission}.")

    def require_shop(self, shop_id: str | None, what: str = "shop") -> None:
        """Raises NotFound for a shop that this caller does not work in."""
        if self.is_limited_to_shops and shop_id not in self.shop_ids:
            raise NotFound(what)
