"""HTTP of the auth service."""

from services.auth.routes import internal, keys, signing_in, users

ROUTERS = (signing_in.router, users.router, keys.router, internal.router)
