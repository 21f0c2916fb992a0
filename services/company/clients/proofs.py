"""TXT records in the DNS, where owners of domains lay their proofs (RFC 1035, 3.3.14)."""

import asyncio
from collections.abc import Sequence

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver

from common.errors import Unavailable

DEADLINE_SECONDS = 5.0
AT_ONCE = 16
LARGEST_ANSWER = 50
"""More texts than this nobody lays at one name; the rest is not looked at."""


class Proofs:
    """Asks the machine's name servers, or those named as ``ADDRESS:PORT``. Nothing is remembered."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._servers = servers
        self._places = asyncio.Semaphore(AT_ONCE)

    async def texts(self, name: str) -> list[str]:
        """The texts at a name; none where there is no such name. Raises Unavailable when nobody answers for it."""
        try:
            async with self._places:
                answer = await self._resolver().resolve(f"{name}.", "TXT", lifetime=DEADLINE_SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise Unavailable("The domain's name servers do not answer.", 10, code="dns_unavailable") from error
        return [b"".join(record.strings).decode("utf-8", "replace") for record in list(answer)[:LARGEST_ANSWER]]

    def _resolver(self) -> dns.asyncresolver.Resolver:
        if not self._servers:
            return dns.asyncresolver.Resolver()
        resolver = dns.asyncresolver.Resolver(configure=False)
        places = (server.rpartition(":") for server in self._servers)
        resolver.nameservers = [dns.nameserver.Do53Nameserver(host.strip("[]"), int(port)) for host, _, port in places]
        return resolver
