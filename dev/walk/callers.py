"""Who calls: each role, anonymous, keys, and tokens that no longer say anything."""

from dataclasses import dataclass, field

SUPER = "super_admin"
ADMIN = "company_admin"
MANAGER = "shop_manager"
STAFF = "shop_staff"
CUSTOMER = "customer"
ANONYMOUS = "anonymous"
PUBLISHABLE = "publishable_key"
SECRET = "secret_key"
SCOPELESS = "scopeless_key"
EXPIRED = "expired_token"

CALLERS = (EXPIRED, ANONYMOUS, SCOPELESS, PUBLISHABLE, CUSTOMER, STAFF, MANAGER, SECRET, ADMIN, SUPER)
"""In the order in which they call: whoever is refused before whoever changes something."""

ADMINS = frozenset({SUPER, ADMIN, SECRET})
MANAGERS = ADMINS | {MANAGER}
SELLERS = MANAGERS | {STAFF}
VISITORS = frozenset({ANONYMOUS, PUBLISHABLE})
BUYERS = SELLERS | {CUSTOMER}
EVERYBODY = BUYERS | VISITORS
SIGNED_IN = frozenset({SUPER, ADMIN, MANAGER, STAFF, CUSTOMER, SECRET, SCOPELESS, PUBLISHABLE})


@dataclass(frozen=True, slots=True)
class Caller:
    """One kind of caller of the company under attack, as it identifies itself."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)

    def refusal(self) -> int:
        """What it is told where it may not: unknown callers 401, known ones 403."""
        return 401 if self.name in (ANONYMOUS, EXPIRED) else 403
