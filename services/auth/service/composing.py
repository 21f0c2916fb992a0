"""Puts the use cases together."""

from dataclasses import dataclass
from datetime import timedelta

from common.copies import LocalCopies
from common.encryption import Sealer
from common.mongo.indexes import ensure_indexes
from common.runtime import Runtime
from services.auth.clients import Neighbours
from services.auth.service import AuthService
from services.auth.service.api_keys import ApiKeyService
from services.auth.service.companies import Companies
from services.auth.service.devices import Devices
from services.auth.service.digest import Digest
from services.auth.service.directory import Directory
from services.auth.service.guessing import Guessing
from services.auth.service.hashing import PasswordHasher
from services.auth.service.invitations import InvitationService
from services.auth.service.keys import Keys, Timing
from services.auth.service.links import LinkService
from services.auth.service.passwords import PasswordCheck
from services.auth.service.recovery import RecoveryService
from services.auth.service.roles import RoleService
from services.auth.service.sessions import SessionService
from services.auth.service.signing_in import SignInService
from services.auth.service.staff import StaffService
from services.auth.settings import Settings
from services.auth.store import (
    Accounts,
    ApiKeys,
    CompanyStatuses,
    Links,
    Memberships,
    Peppers,
    Roles,
    Sessions,
    SigningKeys,
    TriesOfAddresses,
)


@dataclass(frozen=True, slots=True)
class _Tools:
    """What the use cases share."""

    neighbours: Neighbours
    companies: Companies
    keys: Keys
    digest: Digest
    hasher: PasswordHasher
    guessing: Guessing
    links: LinkService
    sealer: Sealer


async def compose(runtime: Runtime, settings: Settings) -> AuthService:
    """Open the stores, the keys and the thread pool; make the first super admin."""
    runtime.declare(Accounts, ApiKeys, Links, Memberships, Roles, Sessions, TriesOfAddresses)
    await ensure_indexes(runtime.database, [(Accounts.COLLECTION, Accounts.INDEXES)])
    tools = await _tools(runtime, settings)
    ground, clock = runtime.ground, runtime.clock
    accounts, memberships, sessions, roles = Accounts(ground), Memberships(ground), Sessions(ground), Roles(ground)
    devices, directory = Devices(tools.digest), Directory(accounts, memberships)
    check = PasswordCheck(tools.hasher, tools.guessing, devices, tools.links, clock)
    session_service = SessionService(
        sessions, accounts, memberships, roles, tools.companies, tools.keys, devices, tools.sealer, clock
    )
    signing_in = SignInService(
        accounts, memberships, directory, session_service, tools.companies, tools.hasher, check, tools.links, clock
    )
    recovery = RecoveryService(
        accounts, memberships, directory, session_service, tools.hasher, check, tools.guessing, tools.links, clock
    )
    invitations = InvitationService(
        accounts, memberships, session_service, tools.companies, tools.hasher, check, tools.links
    )
    role_service = RoleService(roles, memberships, clock)
    staff = StaffService(
        accounts,
        memberships,
        sessions,
        role_service,
        tools.companies,
        tools.links,
        tools.neighbours,
        tools.hasher,
        clock,
    )
    api_keys = ApiKeyService(ApiKeys(ground), tools.keys, tools.companies, tools.digest, clock)
    runtime.on_close(api_keys.close)
    if settings.admin_email and settings.admin_password:
        await signing_in.make_super_admin(settings.admin_email, settings.admin_password.get_secret_value())
    return AuthService(
        signing_in,
        recovery,
        invitations,
        tools.links,
        session_service,
        staff,
        role_service,
        tools.companies,
        tools.keys,
        api_keys,
    )


async def _tools(runtime: Runtime, settings: Settings) -> _Tools:
    assert settings.encryption_key is not None
    database, clock, sealer = runtime.database, runtime.clock, Sealer(settings.encryption_key)
    neighbours = Neighbours(runtime.clients)
    companies = Companies(
        LocalCopies(database, "companies"),
        LocalCopies(database, "company_limits"),
        CompanyStatuses(database),
        neighbours,
    )
    timing = Timing(
        lead=timedelta(seconds=settings.signing_key_lead_seconds),
        longest=timedelta(days=settings.signing_key_days),
        poll_seconds=settings.signing_key_poll_seconds,
    )
    runtime.declare_indexes(SigningKeys.COLLECTION, SigningKeys.INDEXES)
    keys = Keys(SigningKeys(runtime.ground), sealer, runtime.outbox, clock, timing, runtime.keys.trust)
    await keys.open()
    digest = Digest(await Peppers(database, sealer).open())
    hasher = PasswordHasher(settings.hashing_threads)
    runtime.on_close(hasher.close)
    guessing = Guessing(TriesOfAddresses(runtime.ground), clock)
    links = LinkService(Links(runtime.ground), guessing, digest, sealer, clock, settings.public_url)
    return _Tools(neighbours, companies, keys, digest, hasher, guessing, links, sealer)
