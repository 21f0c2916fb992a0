"""HTTP of the auth service."""

from services.auth.routes import internal, keys, recovery, roles, sessions, signing_in, signing_keys, users

ROUTERS = (
    signing_in.router,
    signing_keys.router,
    recovery.router,
    sessions.router,
    users.router,
    roles.router,
    keys.router,
    internal.router,
)
