"""The keys that sign access tokens."""

from typing import Annotated

from fastapi import APIRouter, Response

from common.identity.principal import Principal
from common.identity.requires import Anyone, requires
from services.auth.routes.signing_in import Auth
from services.auth.schemas.signing_keys import JwksOut, SigningKeyOut

router = APIRouter(tags=["auth"])
Operator = Annotated[Principal, requires("platform.manage")]
KEYS_KEPT_SECONDS = 300


@router.get("/.well-known/jwks.json")
async def jwks(who: Anyone, auth: Auth, answer: Response) -> JwksOut:
    """The public keys that access tokens verify against."""
    answer.headers["cache-control"] = f"public, max-age={KEYS_KEPT_SECONDS}"
    return JwksOut.model_validate(auth.keys.jwks())


@router.post("/api/auth/signing-keys/rotate")
async def rotate_signing_key(who: Operator, auth: Auth) -> SigningKeyOut:
    """Make the next signing key: published now, signing a little later."""
    return SigningKeyOut.model_validate(await auth.keys.rotate())
