"""Rules of accounts, memberships, sessions and passwords."""

from services.auth.domain.account import PLATFORM, Account, normal_address
from services.auth.domain.membership import Membership, MembershipStatus, StaffRole
from services.auth.domain.password import check_password
from services.auth.domain.session import Session, Verdict
from services.auth.domain.tries import Tries
from services.auth.domain.user import User, role_without_company, user_of

__all__ = [
    "PLATFORM",
    "Account",
    "Membership",
    "MembershipStatus",
    "Session",
    "StaffRole",
    "Tries",
    "User",
    "Verdict",
    "check_password",
    "normal_address",
    "role_without_company",
    "user_of",
]
