"""The health of all thirteen, asked together and remembered for a second."""

import asyncio

from common.clock import monotonic_seconds
from common.runtime import Runtime
from common.suite import SELLING, SERVICES
from services.gateway.clients import Services

DEADLINE_SECONDS = 2.5
FRESH_SECONDS = 1.0


class Health:
    """Asks every service whether it is ready; many who ask at once cause one round."""

    def __init__(self, services: Services, runtime: Runtime) -> None:
        self._services = services
        self._runtime = runtime
        self._told: dict[str, str | None] = {}
        self._told_at = float("-inf")
        self._lock = asyncio.Lock()

    async def reasons(self) -> dict[str, str | None]:
        """For each service None when it is ready, else why not."""
        async with self._lock:
            if monotonic_seconds() - self._told_at > FRESH_SECONDS:
                names = tuple(SERVICES)
                answers = await asyncio.gather(*map(self._ask, names))
                self._told, self._told_at = dict(zip(names, answers, strict=True)), monotonic_seconds()
        return self._told

    async def can_sell(self) -> dict[str, str | None]:
        """The same for what an order needs to be taken and ended."""
        reasons = await self.reasons()
        return {name: reasons[name] for name in SELLING}

    async def _ask(self, service: str) -> str | None:
        if service != "gateway":
            return await self._services.is_ready(service, DEADLINE_SECONDS)
        checks = await self._runtime.check()
        failed = [name for name, is_up in checks.items() if not is_up]
        return f"{', '.join(failed)} does not answer" if failed else None
