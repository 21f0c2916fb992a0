"""Permissions as parameter types: a route names what it needs in its signature.

``principal: Annotated[Principal, requires("orders.read")]``. A test walks every route and fails the
build for one without such a parameter.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from common.errors import Forbidden, Unauthenticated
from common.identity.principal import Principal

ANYONE = "anyone"
"""The marker of a route that needs no credentials."""

SIGNED_IN = "signed_in"
"""The marker of a route for whoever is signed in."""


INTERNAL = "internal.call"
"""What every service's own token permits."""


class Requirement:
    """The dependency behind :func:`requires`; ``permission`` is what the route walk reads."""

    def __init__(self, permission: str, alternatives: tuple[str, ...] = ()) -> None:
        self.permission = permission
        self.alternatives = alternatives

    async def __call__(self, request: Request) -> Principal:
        identify: Callable[[Request], Awaitable[Principal]] = request.app.state.runtime.identify
        principal = await identify(request)
        self._check(principal)
        return principal

    def _check(self, principal: Principal) -> None:
        if self.permission == ANYONE or any(map(principal.may, (self.permission, *self.alternatives))):
            return
        if principal.kind == "anonymous":
            raise Unauthenticated("authentication_required", "Sign in, or send an API key.")
        if self.permission != SIGNED_IN:
            raise Forbidden("permission_denied", f"This needs the permission {self.permission}.")


class OnlyFrom(Requirement):
    """The dependency behind :func:`internal_from`."""

    def __init__(self, callers: tuple[str, ...]) -> None:
        super().__init__(INTERNAL)
        self.callers = callers

    def _check(self, principal: Principal) -> None:
        super()._check(principal)
        if principal.id not in self.callers:
            raise Forbidden("permission_denied", f"This is for {' and '.join(self.callers)} alone.")


def internal_from(*callers: str) -> Any:
    """A dependency that yields the calling service and refuses all but the named ones.

    A service that has fallen into other hands gets no further than it must in good ones.
    """
    return Depends(OnlyFrom(callers))


def requires(permission: str, *alternatives: str) -> Any:
    """A dependency that yields the Principal and refuses callers with none of the named permissions."""
    return Depends(Requirement(permission, alternatives))


Anyone = Annotated[Principal, requires(ANYONE)]
SignedIn = Annotated[Principal, requires(SIGNED_IN)]
InternalCaller = Annotated[Principal, requires(INTERNAL)]
"""Any service of the suite; see :func:`internal_from` for what only some may call."""
