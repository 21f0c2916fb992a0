"""Use cases of the auth service."""

from dataclasses import dataclass

from services.auth.service.api_keys import ApiKeyService
from services.auth.service.companies import Companies
from services.auth.service.hashing import PasswordHasher
from services.auth.service.keys import Keys
from services.auth.service.sessions import SessionService
from services.auth.service.signing_in import SignInService
from services.auth.service.staff import StaffService

__all__ = [
    "ApiKeyService",
    "AuthService",
    "Companies",
    "Keys",
    "PasswordHasher",
    "SessionService",
    "SignInService",
    "StaffService",
]


@dataclass(frozen=True, slots=True)
class AuthService:
    """What routes and handlers call."""

    signing_in: SignInService
    sessions: SessionService
    staff: StaffService
    companies: Companies
    keys: Keys
    api_keys: ApiKeyService
