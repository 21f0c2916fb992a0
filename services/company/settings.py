"""Environment of the company service."""

from pydantic import field_validator

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """``base_domains``: the platform's own, which no company may call its own. ``dns_servers``: ``ADDRESS:PORT`` of
    those asked for proofs; without any, the machine's.
    """

    service: str = "company"
    base_domains: list[str] = ["localhost"]
    dns_servers: list[str] = []

    @field_validator("dns_servers")
    @classmethod
    def _have_ports(cls, value: list[str]) -> list[str]:
        for each in value:
            if not each.rpartition(":")[2].isdecimal():
                raise ValueError("write each like 192.0.2.53:53")
        return value
