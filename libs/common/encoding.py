"""Base64url without padding (RFC 7515, appendix C)."""

import base64


def to_base64url(raw: bytes) -> str:
    """Encode bytes without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Decode; raises ValueError (binascii.Error) for what is not base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
