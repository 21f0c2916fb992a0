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
)
from services.auth.domain.membership import Membership, MembershipStatus, StaffRole
from services.auth.domain.password import check_password
from services.auth.domain.session import Session, Verdict
from services.auth.domain.tries import Tries
from services.auth.domain.user import User, role_without_company, user_of

__all__ = [
    "GRANTABLE",
    "LONGEST_OVERLAP_SECONDS",
    "OVERLAP_SECONDS",
    "PLATFORM",
    "PREFIXES",
    "SHOWN_CHARACTERS",
    "Account",
    "ApiKey",
    "KeyType",
    "Membership",
    "MembershipStatus",
    "Session",
    "StaffRole",
    "Tries",
    "User",
    "Verdict",
    "check_password",
    "check_scopes",
    "normal_address",
    "require_held",
    "role_without_company",
    "user_of",
]
