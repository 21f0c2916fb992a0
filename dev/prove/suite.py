"""The suite that is proved: to be killed, frozen, given another environment, and healed again."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from common.mongo.waiting import make_waits_safe
from common.suite import SERVICES
from dev.home import REPOSITORY, SANDBOX_HTTP, Home
from dev.provision.environments import database_prefix
from dev.provision.management import ManagementApi
from dev.readiness import wait_until_ready
from dev.secret_store import SecretStore
from dev.suite import Selection, addresses, server_specs, service_specs
from dev.supervisor.client import SupervisorClient
from dev.supervisor.spec import LONGEST_PAUSE_SECONDS, ProcessSpec
from dev.up import prepare_broker

GONE_SECONDS = LONGEST_PAUSE_SECONDS + 15.0
"""Who was killed again and again stays down for the longest pause before it comes back."""
POLL_SECONDS = 0.05


class ProvedSuite:
    """One running suite with its administrators. Processes are found by the supervisor's pid, never by name."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.secrets = SecretStore(home.secrets)
        self.gateway = home.service_url("gateway")
        self.sandbox = f"http://127.0.0.1:{home.port(SANDBOX_HTTP)}"
        self.amqp = self.secrets.get("address.amqp")
        self.mongo_url = self.secrets.get("address.mongo")
        self.broker = ManagementApi(self.secrets.get("address.management"))
        self.administrator = (self.secrets.get("administrator.email"), self.secrets.get("administrator.password"))
        make_waits_safe()
        self.mongo: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(self.mongo_url, tz_aware=True)
        self._supervisor = SupervisorClient(home)
        self._frozen: set[int] = set()
        self._changed: set[str] = set()
        self._mutated: dict[str, Path] = {}

    async def close(self) -> None:
        """Lets go of the databases; the suite goes on."""
        await self.mongo.close()

    def database(self, service: str) -> AsyncDatabase[dict[str, Any]]:
        """A service's own database, opened as the administrator."""
        return self.mongo[f"{database_prefix()}{SERVICES[service].database}"]

    async def processes(self, group: str | None = None) -> list[dict[str, Any]]:
        """What the supervisor says of each process (name, group, pid, state, restarts …)."""
        found = await asyncio.to_thread(self._supervisor.processes)
        return [each for each in found if group is None or each["group"] == group]

    async def pid(self, name: str) -> int:
        """The pid of one process, waited for while it is on its way back. Raises TimeoutError."""
        async with asyncio.timeout(GONE_SECONDS):
            while True:
                for each in await self.processes():
                    if each["name"] == name and each["pid"]:
                        return int(each["pid"])
                await asyncio.sleep(POLL_SECONDS)

    async def kill(self, name: str) -> int:
        """`kill -9` of one process, which the supervisor starts again by itself; returns the pid it had.

        One that was killed a moment ago may still be named by its old pid: then it is waited for. Raises TimeoutError.
        """
        async with asyncio.timeout(GONE_SECONDS):
            while True:
                pid = await self.pid(name)
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    await asyncio.sleep(POLL_SECONDS)
                else:
                    return pid

    async def freeze(self, name: str) -> int:
        """SIGSTOP; `thaw` or `heal` lets it go on. Returns the pid."""
        pid = await self.pid(name)
        self.freeze_at_once(pid)
        return pid

    def freeze_at_once(self, pid: int) -> None:
        """The same where nobody may be asked for the pid in between."""
        os.kill(pid, signal.SIGSTOP)
        self._frozen.add(pid)

    def thaw(self, pid: int) -> None:
        """SIGCONT."""
        self._frozen.discard(pid)
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return

    async def ready(self, groups: Iterable[str] | None = None) -> None:
        """Returns when these, or all that should run, are ready. Raises OperatorError."""
        wanted = {
            each["group"]
            for each in await self.processes()
            if each["wanted"] and (each["group"] in SERVICES or each["group"] == "sandbox")
        }
        names = set(groups) if groups is not None else wanted
        await asyncio.to_thread(wait_until_ready, self.home, self._supervisor, names, killed=True)

    async def stop(self, *names: str) -> None:
        """Ends processes or groups in good order; they stay down until `start` or `heal`."""
        self._changed |= set(names)
        await asyncio.to_thread(self._supervisor.stop, list(names))

    async def start(self, *names: str) -> None:
        """Starts what `stop` ended."""
        await asyncio.to_thread(self._supervisor.start, list(names))

    async def restart(self, *names: str) -> None:
        """Ends and starts anew, in good order; returns at once: see `ready`."""
        await asyncio.to_thread(self._supervisor.restart, list(names))

    def environment(self, service: str) -> Mapping[str, str]:
        """What a service runs with when nothing is changed, its own accounts at the servers among it."""
        return self._specs({}, [service])[0].environment

    async def reconfigure(
        self,
        service: str,
        environment: Mapping[str, str] | None = None,
        *,
        copies: int = 1,
        source: Path | None = None,
        mixed: bool = False,
    ) -> None:
        """Runs a service with other settings, in several copies, or from another copy of the source; waits for it.

        ``source``: the folder of a whole copy of the repository; with ``mixed``, the first copy of the service
        stays on this one's source and the others run from that one. `heal` undoes all of it.
        """
        self._changed.add(service)
        specs = []
        for number, spec in enumerate(self._specs({service: copies}, [service])):
            changed = replace(spec, environment={**spec.environment, **(environment or {})})
            specs.append(_from_source(changed, source) if source and (number or not mixed) else changed)
        await self._run(service, specs)

    async def lose_brokers_disk(self) -> None:
        """RabbitMQ ends and its data is gone; an empty one takes its place, and the operator provisions it."""
        pid = await self.pid("rabbitmq")
        ending = asyncio.create_task(self.stop("rabbitmq"))
        await self._unwanted("rabbitmq")
        os.kill(pid, signal.SIGKILL)  # a disk that is gone lets nobody leave in good order
        await ending
        await asyncio.to_thread(shutil.rmtree, self.home.data / "rabbitmq" / "mnesia")
        await self.start("rabbitmq")
        servers = addresses(self.home, self.secrets, Selection((), {}))
        await asyncio.to_thread(prepare_broker, self.home, self.secrets, servers)

    async def _unwanted(self, name: str) -> None:
        async with asyncio.timeout(GONE_SECONDS):
            while any(each["name"] == name and each["wanted"] for each in await self.processes()):
                await asyncio.sleep(POLL_SECONDS)

    def mutate(self, service: str, source: Path) -> None:
        """From the next `heal` on, all copies of a service run from this copy of the source."""
        self._mutated[service] = source
        self._changed.add(service)

    def source_of(self, service: str) -> Path:
        """The folder that a service's code comes from: this repository, or the copy without a mechanism."""
        return self._mutated.get(service, REPOSITORY)

    @property
    def mutated_source(self) -> Path | None:
        """The copy of the source that mutated services run from, for whoever starts more than this suite."""
        return next(iter(self._mutated.values()), None)

    def unmutate(self) -> None:
        """From the next `heal` on, every service runs from its own source."""
        self._changed |= set(self._mutated)
        self._mutated.clear()

    async def heal(self) -> None:
        """Everything runs again as it was, and is ready."""
        for pid in list(self._frozen):
            self.thaw(pid)
        processes = await self.processes()
        if any(each["name"] == "redis" and each["pid"] for each in processes):
            # What one row has used up of its limits, the next one is not to be refused for.
            await asyncio.to_thread(self._supervisor.stop, ["redis"])
        # Also what runs: a fall in the next row is not to wait for those in this one.
        await self.start(*[each["name"] for each in processes if "." not in each["name"] and each["name"] != "redis"])
        changed, self._changed = self._changed & set(SERVICES), set()
        await asyncio.gather(*(self._run(service, self._specs({}, [service])) for service in sorted(changed)))
        await self.ready()

    async def _run(self, service: str, specs: list[ProcessSpec]) -> None:
        known = {each["name"] for each in await self.processes(service)}
        wanted = {spec.name for spec in specs}
        if known - wanted:
            await asyncio.to_thread(self._supervisor.remove, sorted(known - wanted))
        running = sorted(known & wanted)
        if running:
            await asyncio.to_thread(self._supervisor.stop, running)
        await asyncio.to_thread(self._supervisor.add, specs)
        await self.ready([service])

    def _specs(self, copies: dict[str, int], services: Iterable[str]) -> list[ProcessSpec]:
        selection = Selection(tuple(services), copies)
        servers = addresses(self.home, self.secrets, selection)
        if servers.redis:
            servers_of_ours = server_specs(self.home, self.secrets, servers)
            self._supervisor.add([spec for spec in servers_of_ours if spec.name == "redis"])
        found = service_specs(self.home, self.secrets, servers, selection)
        return [
            _from_source(spec, self._mutated[spec.group]) if spec.group in self._mutated else spec
            for spec in found
            if spec.group in selection.services
        ]


def _from_source(spec: ProcessSpec, source: Path) -> ProcessSpec:
    """The same process in an interpreter of its own that imports from another copy of the repository."""
    own = (sys.executable, "-m", "dev.supervisor.call", spec.call, json.dumps(spec.arguments))
    argv = own if spec.call else spec.argv  # without a call it has its own interpreter already
    # Without the safe path, the folder that the supervisor stands in would come first.
    paths = {"PYTHONPATH": f"{source / 'libs'}:{source}", "PYTHONSAFEPATH": "1"}
    return replace(spec, argv=argv, call="", prepare="", environment={**spec.environment, **paths})
