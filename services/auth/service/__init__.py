"""Use cases of the auth service."""

from dataclasses import dataclass

from services.auth.service.api_keys import ApiKeyService
from services.auth.service.companies import Companies
from services.auth.service.invitations import InvitationService
from services.auth.service.keys import Keys
from services.auth.service.links import LinkService
from services.auth.service.recovery import RecoveryService
from services.auth.service.roles import RoleService
from services.auth.service.sessions import SessionService, Visit
from services.auth.service.signing_in import SignInService
from services.auth.service.staff import StaffService

__all__ = ["AuthService", "Visit"]


@dataclass(frozen=True, slots=True)
class AuthService:
    """What routes and handlers call."""

    signing_in: SignInService
    recovery: RecoveryService
    invitations: InvitationService
    links: LinkService
    sessions: SessionService
    staff: StaffService
    roles: RoleService
    companies: Companies
    keys: Keys
    api_keys: ApiKeyService
