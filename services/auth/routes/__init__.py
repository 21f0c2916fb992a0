"""HTTP of the auth service."""

from services.auth.routes import internal, signing_in, users

ROUTERS = (signing_in.router, users.router, internal.router)
