"""Environment of the auth service."""

from pydantic import SecretStr

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """``admin_email`` and ``admin_password`` name the first super admin; without them none is made."""

    service: str = "auth"
    admin_email: str | None = None
    admin_password: SecretStr | None = None
    hashing_threads: int = 2
