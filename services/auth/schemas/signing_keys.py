"""Signing keys as shown."""

from datetime import datetime
from typing import Any

from common.web.schema import Out


class JwksOut(Out):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


class SigningKeyOut(Out):
    """A key; tokens are signed by it from ``signsFrom`` on."""

    key_id: str
    created_at: datetime
    signs_from: datetime
