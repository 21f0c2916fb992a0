"""Environment of the auth service."""

from pydantic import Field, SecretStr

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """``admin_email`` and ``admin_password`` name the first super admin; without them none is made.

    ``public_url`` is where mailed links lead. A signing key signs for ``signing_key_days``; the next one is
    published ``signing_key_lead_seconds`` before it signs, longer than any copy or verifier goes without looking.
    """

    service: str = "auth"
    admin_email: str | None = None
    admin_password: SecretStr | None = None
    hashing_threads: int = 2
    public_url: str = "http://localhost:8000"
    signing_key_days: float = Field(default=30, gt=0)
    signing_key_lead_seconds: float = Field(default=30, gt=0)
    signing_key_poll_seconds: float = Field(default=5, gt=0)
