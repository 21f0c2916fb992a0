"""An audit log in the hands of somebody who may write to its database and to its files."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from common.encoding import from_base64url
from dev.home import Home
from dev.prove.stage import Stage
from dev.provision.environments import audit_checkpoints
from services.audit.domain import GENESIS, SigningKey, digest, hash_of

OWN_KEY = "signing.audit"

Document = dict[str, Any]


class TamperedLog:
    """One company's chain as it was when it was read; everything done to it can be put back."""

    def __init__(self, stage: Stage, company_id: str, events: list[Document], head: Document, path: Path) -> None:
        database = stage.suite.database("audit")
        self._events, self._chains = database["audit_events"], database["chains"]
        self._rng: random.Random = stage.rng
        self._company_id = company_id
        self._whole = events
        self._head = head
        self._path = path
        self._file = path.read_bytes()

    @classmethod
    async def of(cls, stage: Stage, company_id: str) -> Self:
        """The chain as it stands, with its checkpoints."""
        database = stage.suite.database("audit")
        events = await database["audit_events"].find({"companyId": company_id}).sort("sequence", 1).to_list()
        head = await database["chains"].find_one({"_id": company_id})
        assert head is not None
        return cls(stage, company_id, events, head, _checkpoints(stage.suite.home, company_id))

    async def put_back(self) -> None:
        """Database and file as they were."""
        await self._write(self._whole, self._head)
        self._path.write_bytes(self._file)

    async def edit(self) -> None:
        """Another actor did it."""
        event = self._rng.choice(self._whole)
        await self._events.update_one({"_id": event["_id"]}, {"$set": {"actor": {"type": "system"}}})

    async def edit_and_hash(self) -> None:
        """The same, and the event's own hash fits again: only its link gives it away, and no checkpoint names it."""
        signed = {each["sequence"] for each in self._signed()}
        event = _edited(self._rng.choice([each for each in self._whole if each["sequence"] not in signed]))
        await self._events.replace_one({"_id": event["_id"]}, event | {"hash": _hash(event)})

    async def delete(self) -> None:
        """One in the middle is gone."""
        await self._events.delete_one({"_id": self._rng.choice(self._whole[1:-1])["_id"]})

    async def reorder(self) -> None:
        """Two that follow each other change their places."""
        place = self._rng.randrange(len(self._whole) - 1)
        first, second = self._whole[place], self._whole[place + 1]
        await self._events.delete_many({"_id": {"$in": [first["_id"], second["_id"]]}})
        exchanged = [first | {"sequence": second["sequence"]}, second | {"sequence": first["sequence"]}]
        await self._events.insert_many(exchanged)

    async def cut(self) -> None:
        """The last few are gone."""
        await self._write(self._whole[: -self._rng.randint(1, 5)], self._head)

    async def cut_with_head(self) -> None:
        """The last few are gone, and the head says that there never were more."""
        left = self._whole[: -self._rng.randint(1, 5)]
        await self._write(left, self._head_of(left))

    async def recompute(self) -> None:
        """One is edited, and everything after it computed anew: the chain agrees with itself."""
        chained = self._chained_anew()
        await self._write(chained, self._head_of(chained))

    async def recompute_and_forge(self) -> None:
        """And the checkpoints fit, signed with a key that is not the service's."""
        await self.recompute_and_sign("A" * 43)

    async def recompute_and_patch(self) -> None:
        """And the checkpoints name the new hashes, under the old signatures."""
        chained = self._chained_anew()
        await self._write(chained, self._head_of(chained))
        self._write_checkpoints([self._moved(each, chained) for each in self._signed()])

    async def recompute_and_sign(self, seed: str) -> None:
        """And every checkpoint is made anew with this key (base64url)."""
        chained, key, before = self._chained_anew(), SigningKey(from_base64url(seed)), GENESIS
        await self._write(chained, self._head_of(chained))
        made = []
        for each in self._signed():
            named = {name: value for name, value in each.items() if name not in ("keyId", "signature")}
            made.append(key.sign(self._moved(named, chained) | {"previous": before}))
            before = digest(made[-1])
        self._write_checkpoints(made)

    def _chained_anew(self) -> list[Document]:
        place = self._rng.randrange(len(self._whole) // 2)
        chained, last = list(self._whole), GENESIS
        chained[place] = _edited(chained[place])
        for number, event in enumerate(chained):
            placed = event | {"previousHash": last}
            last = _hash(placed)
            chained[number] = placed | {"hash": last}
        return chained

    def _head_of(self, events: Sequence[Document]) -> Document:
        return self._head | {"count": len(events), "hash": events[-1]["hash"], "isSealed": True}

    def _signed(self) -> list[Document]:
        return [json.loads(line) for line in self._file.splitlines()]

    def _moved(self, checkpoint: Document, chained: Sequence[Document]) -> Document:
        return checkpoint | {"hash": chained[checkpoint["sequence"] - 1]["hash"]}

    def _write_checkpoints(self, checkpoints: Sequence[Document]) -> None:
        self._path.write_text("".join(json.dumps(each) + "\n" for each in checkpoints))

    async def _write(self, events: Sequence[Document], head: Document) -> None:
        await self._events.delete_many({"companyId": self._company_id})
        await self._events.insert_many(events)
        await self._chains.replace_one({"_id": self._company_id}, head)


def _checkpoints(home: Home, company_id: str) -> Path:
    return Path(audit_checkpoints(home)) / f"{company_id}.jsonl"


def _edited(event: Document) -> Document:
    return event | {"actor": {"type": "system"}, "requestId": "nobody"}


def _hash(document: Document) -> str:
    """As the log shows an event: its `_id` is called `id`."""
    return hash_of({"id": document["_id"], **{name: value for name, value in document.items() if name != "_id"}})
