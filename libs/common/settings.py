"""Typed environment of a service. Outside development a missing secret stops the start."""

import hashlib
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.encoding import from_base64url, to_base64url
from common.suite import DEFAULT_PORT_BASE, SERVICES


class ServiceSettings(BaseSettings):
    """What every service reads; a service's own ``settings.py`` extends it.

    ``service_url_template`` may use ``{name}`` and ``{port}``. ``jwks`` pins the verification keys
    instead of fetching them from auth. ``amqp_management_url``: where the broker tells what is bound, asked
    with the account of ``amqp_url``; without it nobody notices a binding that is gone. ``resend_minutes``: how
    far back events are sent again to a broker that lost its disk; no longer than they are kept.
    ``mongo_connections``: how many a process opens to the database at most.
    """

    model_config = SettingsConfigDict(env_prefix="MARKETHALL_", extra="ignore", populate_by_name=True)

    service: str
    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port_base: int = DEFAULT_PORT_BASE
    port: int | None = None
    log_level: str = "INFO"
    database_prefix: str = ""
    mongo_url: SecretStr = Field(validation_alias="MONGO_URL")
    amqp_url: SecretStr = Field(validation_alias="AMQP_URL")
    amqp_management_url: str | None = Field(default=None, validation_alias="AMQP_MANAGEMENT_URL")
    redis_url: SecretStr | None = Field(default=None, validation_alias="REDIS_URL")
    service_key: SecretStr | None = None
    service_public_keys: dict[str, str] = {}
    encryption_key: SecretStr | None = None
    jwks: str | None = None
    service_url_template: str = "http://127.0.0.1:{port}"
    body_limit_bytes: int = 2 * 1024 * 1024
    drain_seconds: int = 10
    resend_minutes: int = Field(default=1440, gt=0)
    mongo_connections: int = Field(default=64, gt=0)
    telemetry_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    @model_validator(mode="after")
    def _secrets_are_present(self) -> Self:
        if self.environment == "development":
            return self._with_development_secrets()
        for name in ("service_key", "encryption_key"):
            if getattr(self, name) is None:
                raise ValueError(f"MARKETHALL_{name.upper()} is missing; it has no default outside development")
        if self.service not in self.service_public_keys:
            raise ValueError("MARKETHALL_SERVICE_PUBLIC_KEYS must name every service's public key")
        if self.service_key is not None and self.service_key.get_secret_value() == development_seed(self.service):
            raise ValueError("MARKETHALL_SERVICE_KEY is the development default; make one of your own")
        return self

    def _with_development_secrets(self) -> Self:
        if self.service_key is None:
            self.service_key = SecretStr(development_seed(self.service))
        if not self.service_public_keys:
            self.service_public_keys = {name: _development_public_key(name) for name in SERVICES}
        if self.encryption_key is None:
            self.encryption_key = SecretStr(development_seed(f"encryption:{self.service}"))
        return self

    @property
    def listen_port(self) -> int:
        """The TCP port of this service."""
        return self.port or self.port_base + SERVICES[self.service].port_offset

    @property
    def database_name(self) -> str:
        """The name of this service's own database; empty where it has none."""
        database = SERVICES[self.service].database
        return f"{self.database_prefix}{database}" if database else ""

    def url_of(self, service: str) -> str:
        """The base address of another service."""
        port = self.port_base + SERVICES[service].port_offset
        return self.service_url_template.format(name=service, port=port)


def development_seed(label: str) -> str:
    """A well-known seed for development machines; refused everywhere else."""
    return to_base64url(hashlib.sha256(f"markethall development {label}".encode()).digest())


def _development_public_key(service: str) -> str:
    from common.identity.service_tokens import public_key_of

    return public_key_of(from_base64url(development_seed(service)))
