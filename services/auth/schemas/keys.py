"""API keys as sent and shown."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr

from common.web.schema import In, Instant, Out, PatchIn, Resource, Text
from services.auth.domain import LONGEST_OVERLAP_SECONDS, OVERLAP_SECONDS, KeyType

KeyName = Annotated[Text, Field(max_length=100)]
Scopes = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=100)]


class KeyIn(In):
    """A key to be made. ``scopes`` are names of permissions; without any a secret key may do nothing and a
    publishable one what a visitor may."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Accounting", "type": "secret", "scopes": ["orders.read"]}]}
    )

    name: KeyName
    type: KeyType
    scopes: Scopes = []
    expires_at: Instant | None = None


class KeyPatch(PatchIn):
    """What of a key can be changed; ``expiresAt`` null: it lasts until it is revoked."""

    IMMUTABLE = (*PatchIn.IMMUTABLE, "type", "scopes", "prefix", "key")

    name: KeyName = Field(default="", examples=["Accounting"])
    expires_at: Instant | None = None


class RotateIn(In):
    """How long, in seconds, the key before works on."""

    overlap_seconds: Annotated[int, Field(strict=True, ge=0, le=LONGEST_OVERLAP_SECONDS, examples=[3600])] = (
        OVERLAP_SECONDS
    )


class KeyOut(Resource):
    """A key as everybody sees it."""

    name: str
    type: KeyType
    scopes: list[str]
    prefix: str
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


class NewKeyOut(KeyOut):
    """A key with ``key``, which is shown once."""

    key: str


class ExchangeIn(In):
    """A key that somebody called with."""

    key: Annotated[SecretStr, Field(max_length=200)]


class ExchangedOut(Out):
    """The token for it; ``expires_in`` in seconds."""

    access_token: str
    type: KeyType
    company_id: str
    expires_in: int
