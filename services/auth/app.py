"""Composes the auth service."""

from fastapi import FastAPI

from common.copies import LocalCopies
from common.encryption import Sealer
from common.mongo.indexes import ensure_indexes
from common.runtime import Runtime
from common.web.application import create_application
from services.auth.handlers import HANDLERS
from services.auth.routes import ROUTERS
from services.auth.service import (
    ApiKeyService,
    AuthService,
    Companies,
    Keys,
    PasswordHasher,
    SessionService,
    SignInService,
)
from services.auth.service.digest import Digest
from services.auth.service.staff import StaffService
from services.auth.settings import Settings
from services.auth.store import (
    Accounts,
    ApiKeys,
    CompanyStatuses,
    Memberships,
    Peppers,
    Sessions,
    SigningKeys,
    TriesOfAddresses,
)


def settings() -> Settings:
    """The settings from the environment."""
    return Settings()


async def compose(runtime: Runtime, settings: Settings) -> AuthService:
    """Open the stores, the keys and the thread pool; make the first super admin."""
    assert settings.encryption_key is not None
    ground, clock, sealer = runtime.ground, runtime.clock, Sealer(settings.encryption_key)
    runtime.declare(Accounts, ApiKeys, Memberships, Sessions, TriesOfAddresses)
    await ensure_indexes(runtime.database, [(Accounts.COLLECTION, Accounts.INDEXES)])
    accounts, memberships, sessions = Accounts(ground), Memberships(ground), Sessions(ground)
    companies = Companies(LocalCopies(runtime.database, "companies"), CompanyStatuses(runtime.database))
    keys = Keys(SigningKeys(runtime.database), sealer, clock)
    await keys.open()
    runtime.keys.trust(keys.jwks())
    hasher = PasswordHasher(settings.hashing_threads)
    runtime.on_close(hasher.close)
    session_service = SessionService(sessions, accounts, memberships, companies, keys, sealer, clock)
    tries = TriesOfAddresses(ground)
    signing_in = SignInService(accounts, memberships, tries, session_service, companies, hasher, clock)
    if settings.admin_email and settings.admin_password:
        await signing_in.make_super_admin(settings.admin_email, settings.admin_password.get_secret_value())
    staff = StaffService(accounts, memberships, sessions, hasher, clock)
    digest = Digest(await Peppers(runtime.database, sealer).open())
    api_keys = ApiKeyService(ApiKeys(ground), keys, companies, digest, clock)
    runtime.on_close(api_keys.close)
    return AuthService(signing_in, session_service, staff, companies, keys, api_keys)


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application."""
    return create_application(
        settings, routers=ROUTERS, compose=lambda runtime: compose(runtime, settings), handlers=HANDLERS
    )
