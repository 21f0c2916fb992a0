"""The event catalogue: complete, and whole in itself."""

from typing import Any

from common.events import EVENT_MODELS
from common.events.asyncapi import WATCHERS, catalogue
from common.suite import SERVICES


def references(value: Any) -> list[str]:
    """Every $ref inside."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for inner in value.values() for found in references(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in references(inner)]
    return []


def resolve(document: Any, reference: str) -> Any:
    """What a local reference points to. Raises KeyError."""
    for part in reference.removeprefix("#/").split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


class TestCatalogue:
    def test_names_each_event_with_one_producer_of_ours(self) -> None:
        document = catalogue({})
        assert set(document["channels"]) == set(EVENT_MODELS)
        senders = [each for each in document["operations"].values() if each["action"] == "send"]
        assert len(senders) == len(EVENT_MODELS)
        assert {each["tags"][0]["name"] for each in senders} <= set(SERVICES)

    def test_names_each_consumer(self) -> None:
        operations = catalogue({"inventory": ["order.created"], "audit": ["order.created"]})["operations"]
        assert operations["inventory.receives.order.created"]["action"] == "receive"
        receivers = [name for name in operations if name.endswith(".receives.order.paid")]
        assert receivers == [f"{watcher}.receives.order.paid" for watcher in WATCHERS]

    def test_resolves_within_itself(self) -> None:
        document = catalogue({"inventory": ["order.created"]})
        for reference in references(document):
            assert resolve(document, reference) is not None

    def test_describes_each_message(self) -> None:
        for message in catalogue({})["components"]["messages"].values():
            assert message["summary"], message["name"]
            assert message["payload"]["items"]["properties"]["type"] == {"const": message["name"]}
