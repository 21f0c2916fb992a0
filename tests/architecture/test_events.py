"""Every event has a producer, every consumer has an event, and the pages about them are fresh."""

import importlib
import json
import re

from common.events import EVENT_MODELS
from common.suite import SERVICES
from dev.documents import asyncapi_document, events_page, handler_tables, settings_page
from tests.architecture.conftest import ROOT, source_files

SECRET = re.compile(r"password|secret|token$|api_?key|card_?number", re.I)


class TestModels:
    def test_name_a_producer_that_makes_them(self) -> None:
        for event_type, model in EVENT_MODELS.items():
            assert model.PRODUCER in SERVICES, event_type
            texts = (path.read_text() for path in source_files(f"services/{model.PRODUCER}"))
            assert any(re.search(rf"\b{model.__name__}\b", text) for text in texts), f"nobody makes {event_type}"

    def test_are_named_by_fact(self) -> None:
        for event_type in EVENT_MODELS:
            assert re.fullmatch(r"[a-z]+(\.[a-z_]+)", event_type), event_type

    def test_are_documented(self) -> None:
        assert [model.TYPE for model in EVENT_MODELS.values() if not model.__doc__] == []

    def test_carry_no_secret(self) -> None:
        found = [
            f"{model.TYPE}.{field}"
            for model in EVENT_MODELS.values()
            for field in model.model_fields
            if SECRET.search(field) and field != "has_payment_token"
        ]
        assert found == []


class TestHandlerTables:
    def test_name_known_events(self) -> None:
        for service, models in handler_tables().items():
            for model in models:
                assert EVENT_MODELS.get(model.TYPE) is model, f"{service} handles {model}"

    def test_stand_in_every_service_that_has_handlers(self, service_name: str) -> None:
        folder = ROOT / "services" / service_name
        if not (folder / "handlers.py").exists() and not (folder / "handlers").exists():
            assert service_name == "gateway"
            return
        module = importlib.import_module(f"services.{service_name}.handlers")
        assert hasattr(module, "HANDLERS") or hasattr(module, "WATCHED")


class TestPages:
    def test_the_catalogue_is_fresh(self) -> None:
        assert (ROOT / "docs/events.md").read_text() == events_page(), "run: python -m dev.documents"

    def test_the_settings_are_fresh(self) -> None:
        assert (ROOT / "docs/settings.md").read_text() == settings_page(), "run: python -m dev.documents"

    def test_the_asyncapi_document_is_fresh(self) -> None:
        stored = json.loads((ROOT / "docs/asyncapi.json").read_text())
        assert stored == asyncapi_document(), "run: python -m dev.documents"
