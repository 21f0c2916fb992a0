"""The service account's assertion for an access token: RFC 7523, RS256 against the account's own key."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dev.sandbox import bearer
from dev.sandbox.fcm.refusals import Json, grant_refused, without_detail

TOKEN_PATH = "/token"
TOKEN_SECONDS = 3_600
GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token"
SCOPES = {
    "https://www.googleapis.com/auth/firebase.messaging",
    "https://www.googleapis.com/auth/cloud-platform",
}
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_PREFIX = "ya29."


@dataclass(frozen=True)
class ServiceAccount:
    """What Google knows of a service account: not its private key."""

    email: str
    project: str
    token_uri: str
    key: RSAPublicKey


def read_account(credentials: str) -> ServiceAccount:
    """From the JSON that the operator has; raises ValueError or LookupError where it is none."""
    told = json.loads(credentials)
    key = load_pem_private_key(told["private_key"].encode(), password=None).public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the private key is no RSA key")
    return ServiceAccount(told["client_email"], told["project_id"], told["token_uri"], key)


def issue(db: sqlite3.Connection, form: dict[str, str], account: ServiceAccount | None, now: float) -> Json:
    """An access token; raises Refusal (invalid_grant)."""
    if form.get("grant_type") != _GRANT:
        raise grant_refused("Unsupported grant type")
    if account is None:
        raise grant_refused("Invalid grant: account not found")
    claims = _claims(form.get("assertion", ""), account)
    if claims.get("iss") != account.email:
        raise grant_refused("Invalid grant: account not found")
    if not now - TOKEN_SECONDS <= claims["iat"] <= now + 60 or not now < claims["exp"] <= claims["iat"] + TOKEN_SECONDS:
        raise grant_refused("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe")
    if not SCOPES & set(str(claims.get("scope", "")).split()):
        raise grant_refused("Invalid OAuth scope or ID token audience provided.")
    token = _PREFIX + bearer.issue(db, "fcm", account.project, int(now) + TOKEN_SECONDS)
    return {"access_token": token, "expires_in": TOKEN_SECONDS - 1, "token_type": "Bearer"}


def check(db: sqlite3.Connection, authorization: str, project: str, now: float) -> None:
    """Raise Refusal unless the bearer token was issued for this project."""
    scheme, _, token = authorization.partition(" ")
    granted = bearer.subject_of(db, "fcm", token.removeprefix(_PREFIX), now)
    if scheme.lower() != "bearer" or granted is None:
        raise without_detail(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    if granted != project:
        raise without_detail(403, "PERMISSION_DENIED", f"Permission denied on resource project {project}.")


def _claims(assertion: str, account: ServiceAccount) -> dict[str, Any]:
    try:
        return jwt.decode(
            assertion,
            account.key,
            algorithms=["RS256"],
            audience=[account.token_uri, GOOGLE_TOKEN_URI],
            # The time is judged by the sandbox's own clock.
            options={"require": ["iss", "aud", "iat", "exp"], "verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError as error:
        raise grant_refused("Invalid JWT Signature.") from error
