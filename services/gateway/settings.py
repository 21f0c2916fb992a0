"""Environment of the gateway."""

import ipaddress
import re

from pydantic import Field, SecretStr, field_validator

from common.settings import ServiceSettings

_LIMIT = re.compile(r"(\d+)/([smh])(?:;burst=(\d+))?")


class Settings(ServiceSettings):
    """``*_limit`` reads ``COUNT/s|m|h[;burst=COUNT]``, an account or else an address.

    ``base_domains`` are those whose subdomains name companies; ``trusted_proxies`` the networks whose
    X-Forwarded-For is believed; deadlines are in seconds.
    """

    service: str = "gateway"
    mongo_url: SecretStr = SecretStr("")
    default_tenant: str | None = None
    base_domains: list[str] = ["localhost"]
    trusted_proxies: list[str] = []
    sign_in_limit: str = "120/m;burst=300"
    sign_in_tenant_limit: str = "1200/m;burst=3000"
    key_limit: str = "1000/s;burst=4000"
    write_limit: str = "500/s;burst=2000"
    read_limit: str = "1000/s;burst=4000"
    connect_seconds: float = Field(default=2.0, gt=0)
    answer_seconds: float = Field(default=30.0, gt=0)
    body_seconds: float = Field(default=30.0, gt=0)
    company_seconds: float = Field(default=60.0, gt=0)
    shows_metrics: bool = False

    @field_validator("sign_in_limit", "sign_in_tenant_limit", "key_limit", "write_limit", "read_limit")
    @classmethod
    def _is_limit(cls, value: str) -> str:
        if not _LIMIT.fullmatch(value):
            raise ValueError("write it like 100/s or 120/m;burst=300")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        return [str(ipaddress.ip_network(each)) for each in value]

    @property
    def networks(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        """The trusted proxies, parsed."""
        return [ipaddress.ip_network(each) for each in self.trusted_proxies]


def parse_limit(text: str) -> tuple[int, int, int]:
    """``(count, period in seconds, burst)`` of a limit as settings hold it."""
    match = _LIMIT.fullmatch(text)
    assert match is not None
    count, unit, burst = int(match[1]), match[2], match[3]
    return count, {"s": 1, "m": 60, "h": 3600}[unit], int(burst) if burst else count
