"""Reading the suite as its administrator: every service's database, and nothing is written but a wake-up."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from common.mongo.client import CODEC
from common.mongo.store import Store
from common.suite import SERVICES
from dev.home import Home, OperatorError
from dev.provision.environments import database_prefix
from dev.secret_store import SecretStore

Document = dict[str, Any]

ASK_MILLISECONDS = 15_000
"""The longest that one question to a database may take."""

FEW = 500
"""The most of one kind that is shown of one order."""

PENDING_INDEX = "outbox_pending"
NO_SUCH_INDEX = (2, 17007)
ASLEEP = timedelta(minutes=5)
"""How far back a wake-up dates what waits: the relay's poll takes the oldest first."""


class Sources:
    """The databases of one suite, by the service that owns them."""

    def __init__(self, client: MongoClient[Document]) -> None:
        self._client = client
        self._databases = {
            name: client.get_database(database_prefix() + spec.database, codec_options=CODEC)
            for name, spec in SERVICES.items()
            if spec.database
        }

    @property
    def services(self) -> list[str]:
        """Those that store anything."""
        return list(self._databases)

    def database(self, service: str) -> Database[Document]:
        """The database that this service owns."""
        return self._databases[service]

    def find(self, service: str, collection: str, criteria: Document, **more: Any) -> list[Document]:
        """At most 500 documents that match, in no longer than a quarter of a minute."""
        cursor = self.database(service)[collection].find(criteria, **more).limit(FEW)
        return list(cursor.max_time_ms(ASK_MILLISECONDS))

    def one(self, service: str, collection: str, criteria: Document) -> Document | None:
        """One document that matches, or None."""
        return next(iter(self.find(service, collection, criteria)), None)

    def pending(self, criteria: Document) -> Iterator[tuple[str, str, Document]]:
        """Aggregates that wait for the broker and match: service, collection, document."""
        waiting = {"pendingAt": {"$exists": True}, **criteria}
        for service, name in _aggregates():
            cursor = self.database(service)[name].find(waiting, {"outbox": 1, "pendingAt": 1}).hint(PENDING_INDEX)
            try:
                found = list(cursor.limit(FEW).max_time_ms(ASK_MILLISECONDS))
            except OperationFailure as error:
                if error.code not in NO_SUCH_INDEX:
                    raise
                continue  # the service has never run here
            yield from ((service, name, document) for document in found)

    def wake(self, service: str, collection: str, aggregate_id: str) -> None:
        """Make the relay of this service look at one aggregate's outbox with its next poll."""
        criteria = {"_id": aggregate_id, "outbox.0": {"$exists": True}}
        change = {"$min": {"pendingAt": datetime.now(UTC) - ASLEEP}}
        self.database(service)[collection].update_one(criteria, change)


@cache
def _aggregates() -> list[tuple[str, str]]:
    """Service and collection of every store whose documents carry an outbox."""
    for name in SERVICES:
        if find_spec(f"services.{name}.store") is not None:
            room = import_module(f"services.{name}.store")
            for each in iter_modules(getattr(room, "__path__", ())):
                import_module(f"services.{name}.store.{each.name}")
    return sorted({(each.__module__.split(".")[1], each.COLLECTION) for each in _stores(Store)})


def _stores(kind: type[Store[Any]]) -> Iterator[type[Store[Any]]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("services."):
            yield each
        yield from _stores(each)


@contextmanager
def opened(home: Home) -> Iterator[Sources]:
    """The databases of the suite of this home. Raises OperatorError where none answers."""
    address = SecretStore(home.secrets).find("address.mongo")
    if address is None:
        raise OperatorError("Nothing was started here yet: start it with ./markethall up.")
    try:
        with MongoClient[Document](address, tz_aware=True, serverSelectionTimeoutMS=10_000) as client:
            yield Sources(client)
    except PyMongoError as error:
        raise OperatorError(f"The database does not answer ({error}): is the suite up?") from error
