"""Signing in, sessions, passwords and addresses."""

import secrets
from typing import Any

from dev.walk.callers import ADMIN, CUSTOMER, EVERYBODY, EXPIRED, MANAGER, SCOPELESS, STAFF, SUPER
from dev.walk.rows import Row
from dev.walk.world import PASSWORD, World

ANYBODY = EVERYBODY | {SCOPELESS, EXPIRED}
"""Where a token says nothing, an expired one does no harm."""

KNOWN_OR_NOBODY = EVERYBODY | {SCOPELESS}
PEOPLE = frozenset({SUPER, ADMIN, MANAGER, STAFF, CUSTOMER})
NO_SUCH_LINK = frozenset({422})
NO_MEMBER = dict.fromkeys((SUPER, CUSTOMER), frozenset({404}))
"""The platform's administrator and customers work for no company."""

PLATFORM_SPARED = frozenset({SUPER})
"""Whoever runs the suite is not signed out of it, nor locked out."""


def registration(world: World) -> dict[str, Any]:
    return {"email": f"{secrets.token_hex(6)}@{world.mark}.example", "password": PASSWORD, "role": "customer"}


def new_password(_: World) -> dict[str, Any]:
    return {"currentPassword": PASSWORD, "newPassword": f"{PASSWORD}-{secrets.token_hex(4)}"}


def new_address(world: World) -> dict[str, Any]:
    return {"newEmail": f"{secrets.token_hex(6)}@{world.mark}.example", "password": PASSWORD}


def unknown_link(_: World) -> dict[str, Any]:
    return {"token": f"lnk_0{secrets.token_hex(12)}.{secrets.token_hex(12)}"}


def unknown_link_and_password(world: World) -> dict[str, Any]:
    return {**unknown_link(world), "password": PASSWORD}


ROWS = [
    Row("GET /.well-known/jwks.json", KNOWN_OR_NOBODY),
    Row("POST /api/auth/signing-keys/rotate", frozenset({SUPER})),
    Row("POST /api/auth/register", ANYBODY, body=registration, also_refused=frozenset({403})),
    Row(
        "POST /api/auth/login",
        ANYBODY,
        body=lambda _: {"email": f"{secrets.token_hex(6)}@one.example", "password": "x"},
        ok=frozenset({401}),
        also_refused=frozenset({401, 429}),
    ),
    Row("POST /api/auth/refresh", ANYBODY, body=lambda _: {"refreshToken": "none"}, ok=frozenset({401})),
    Row("POST /api/auth/logout", PEOPLE, throwaway=True),
    Row("GET /api/auth/me", PEOPLE),
    Row(
        "POST /api/auth/switch",
        PEOPLE,
        body=lambda world: {"companyId": world.known("company")},
        body_ids={"companyId": "company"},
        answers=NO_MEMBER,
    ),
    Row("GET /api/auth/sessions", PEOPLE),
    Row("DELETE /api/auth/sessions", PEOPLE, throwaway=True, spared=PLATFORM_SPARED),
    Row(
        "DELETE /api/auth/sessions/{session_id}",
        PEOPLE,
        ids={"session_id": "session"},
        answers=dict.fromkeys(PEOPLE - {CUSTOMER}, frozenset({404})),
        fresh=frozenset({"session_id"}),
    ),
    Row(
        "POST /api/auth/password/forgot",
        ANYBODY,
        body=lambda world: {"email": f"nobody@{world.mark}.example"},
        harmless=frozenset({"email = 'nul\\x00byte'"}),  # every address is answered alike
    ),
    Row("POST /api/auth/password/reset", ANYBODY, body=unknown_link_and_password, ok=NO_SUCH_LINK),
    Row("POST /api/auth/password/change", PEOPLE, body=new_password, throwaway=True, spared=PLATFORM_SPARED),
    Row("POST /api/auth/unlock", ANYBODY, body=unknown_link, ok=NO_SUCH_LINK),
    Row("POST /api/auth/email/verification", PEOPLE, throwaway=True, spared=PLATFORM_SPARED),
    Row("POST /api/auth/email/verify", ANYBODY, body=unknown_link, ok=NO_SUCH_LINK),
    Row("POST /api/auth/email/change", PEOPLE, body=new_address, throwaway=True, spared=PLATFORM_SPARED),
    Row("POST /api/auth/invitations/accept", KNOWN_OR_NOBODY, body=unknown_link_and_password, ok=NO_SUCH_LINK),
    Row(
        "POST /api/auth/invitations/{company_id}/accept",
        PEOPLE,
        ids={"company_id": "company"},
        answers=NO_MEMBER,  # who works there already goes on there
    ),
]
