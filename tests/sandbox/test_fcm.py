"""Push messages through Firebase's own SDK."""

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import firebase_admin
import pytest
import requests.adapters
from firebase_admin import credentials, exceptions, messaging
from google.auth.exceptions import RefreshError

from dev import secret_store
from dev.provision.environments import service_account

from .conftest import Sandbox, free_port
from .test_rules import put

pytestmark = pytest.mark.filterwarnings("ignore:Message.token is deprecated")


@pytest.fixture
async def pushing(tmp_path: Path) -> AsyncIterator[Sandbox]:
    port = free_port()
    account = service_account(secret_store.rsa_key(), token_uri=f"http://127.0.0.1:{port}/token")
    environ = {**os.environ, "MARKETHALL_SANDBOX_DB": str(tmp_path / "s.sqlite3"), "FIREBASE_CREDENTIALS": account}
    async with aiohttp.ClientSession() as session:
        running = Sandbox(port, free_port(), environ, session)
        await running.start()
        yield running
        running.kill()


def opened(sandbox: Sandbox, account: str) -> firebase_admin.App:
    """The real SDK, told where Firebase is, without tries of its own."""
    told = json.loads(account)
    app = firebase_admin.initialize_app(credentials.Certificate(told), name=uuid.uuid4().hex)
    service = messaging._get_messaging_service(app)
    service._fcm_url = f"{sandbox.url}/v1/projects/{told['project_id']}/messages:send"
    service._client.session.mount("http://", requests.adapters.HTTPAdapter(max_retries=0))
    return app


@pytest.fixture
def app(pushing: Sandbox) -> Iterator[firebase_admin.App]:
    opening = opened(pushing, pushing.environ["FIREBASE_CREDENTIALS"])
    yield opening
    firebase_admin.delete_app(opening)


async def push(app: firebase_admin.App, token: str, *, dry_run: bool = False) -> str:
    message = messaging.Message(token=token, notification=messaging.Notification("T", "B"), data={"a": "b"})
    return str(await asyncio.to_thread(messaging.send, message, dry_run, app))


class TestSend:
    async def test_is_seen_with_its_token(self, pushing: Sandbox, app: firebase_admin.App) -> None:
        name = await push(app, "phone-1")
        await push(app, "phone-1")
        found = await pushing.get("/_inspect/pushes", token="phone-1")
        assert (found["total"], found["distinctTokens"]) == (2, 1)
        assert found["items"][1]["name"] == name
        assert (found["items"][1]["notification"], found["items"][1]["data"]) == (
            {"title": "T", "body": "B"},
            {"a": "b"},
        )

    async def test_a_dry_run_leaves_nothing(self, pushing: Sandbox, app: firebase_admin.App) -> None:
        await push(app, "phone-1", dry_run=True)
        assert (await pushing.get("/_inspect/pushes"))["total"] == 0

    @pytest.mark.parametrize(
        ("token", "error"),
        [
            ("unregistered-1", messaging.UnregisteredError),
            ("invalid-1", exceptions.InvalidArgumentError),
            ("quota-1", messaging.QuotaExceededError),
            ("unavailable-1", exceptions.UnavailableError),
            ("mismatch-1", messaging.SenderIdMismatchError),
            ("thirdparty-1", messaging.ThirdPartyAuthError),
        ],
    )
    async def test_tokens_that_are_refused(
        self, app: firebase_admin.App, token: str, error: type[exceptions.FirebaseError]
    ) -> None:
        with pytest.raises(error) as refused:
            await push(app, token)
        if token == "quota-1":
            assert refused.value.http_response.headers["Retry-After"] == "60"

    async def test_each_of_many_has_its_own_answer(self, app: firebase_admin.App) -> None:
        messages = [messaging.Message(token=token) for token in ("phone-1", "unregistered-1", "phone-2")]
        answered = await asyncio.to_thread(messaging.send_each, messages, False, app)
        assert [each.success for each in answered.responses] == [True, False, True]

    async def test_a_forced_status(self, pushing: Sandbox, app: firebase_admin.App) -> None:
        await put(pushing, provider="fcm", operation="messages.send", fault="status", status=503, times=1)
        with pytest.raises(exceptions.UnavailableError):
            await push(app, "phone-1")
        assert await push(app, "phone-1")


class TestAccess:
    async def test_another_key_is_refused(self, pushing: Sandbox) -> None:
        forged = service_account(secret_store.rsa_key(), token_uri=f"{pushing.url}/token")
        app = opened(pushing, forged)
        with pytest.raises((RefreshError, exceptions.FirebaseError)):
            await push(app, "phone-1")
        await asyncio.to_thread(firebase_admin.delete_app, app)
        assert (await pushing.get("/_inspect/pushes"))["total"] == 0
