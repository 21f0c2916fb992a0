"""Rules of accounts, memberships, sessions and passwords."""

from services.auth.domain.account import PLATFORM, Account, normal_address
from services.auth.domain.api_key import (
    GRANTABLE,
    LONGEST_OVERLAP_SECONDS,
    OVERLAP_SECONDS,
    PREFIXES,
    SHOWN_CHARACTERS,
    ApiKey,
    KeyType,
    check_scopes,
    require_held,
    scopes_to_give,
)
from services.auth.domain.link import (
    ENDED_BY_ADDRESS,
    ENDED_BY_PASSWORD,
    LASTS_SECONDS,
    PAGES,
    Link,
    LinkPurpose,
)
from services.auth.domain.membership import UNCHANGED, Membership, MembershipStatus, StaffRole
from services.auth.domain.password import check_password
from services.auth.domain.role import ASSIGNABLE, CustomRole, check_permissions
from services.auth.domain.session import Session, Verdict
from services.auth.domain.tries import ALLOWED, ALLOWED_A_DEVICE, ALLOWED_MAILS, Tries, Try, window_before
from services.auth.domain.user import User, role_without_company, user_of

__all__ = [
    "ALLOWED",
    "ALLOWED_A_DEVICE",
    "ALLOWED_MAILS",
    "ASSIGNABLE",
    "ENDED_BY_ADDRESS",
    "ENDED_BY_PASSWORD",
    "GRANTABLE",
    "LASTS_SECONDS",
    "LONGEST_OVERLAP_SECONDS",
    "OVERLAP_SECONDS",
    "PAGES",
    "PLATFORM",
    "PREFIXES",
    "SHOWN_CHARACTERS",
    "UNCHANGED",
    "Account",
    "ApiKey",
    "CustomRole",
    "KeyType",
    "Link",
    "LinkPurpose",
    "Membership",
    "MembershipStatus",
    "Session",
    "StaffRole",
    "Tries",
    "Try",
    "User",
    "Verdict",
    "check_password",
    "check_permissions",
    "check_scopes",
    "normal_address",
    "require_held",
    "role_without_company",
    "scopes_to_give",
    "user_of",
    "window_before",
]
