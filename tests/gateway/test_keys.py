"""API keys through the gateway: exchanged once, remembered by hash, forgotten at once."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from common.clients import ServiceClients
from common.errors import NotFound, Unauthenticated, Unavailable
from common.identity.tokens import AccessClaims
from common.testing import Infrastructure, admit
from services.gateway.service import keys as keys_module
from services.gateway.service.keys import Keys
from tests.gateway.backend import Backend, answer
from tests.gateway.conftest import Door, open_door
from tests.gateway.keys import hand_out, key_token
from tests.gateway.test_routes import headers_of, tenant_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXCHANGE = "/internal/keys/exchange"
SECRET, PUBLISHABLE = "secret_key", "publishable_key"


class TestKey:
    async def test_is_exchanged_once_and_never_passed_on(self, door: Door) -> None:
        token = key_token(SECRET, "cmp_acme")
        door.backend.special[EXCHANGE] = hand_out({"sk_once": token})
        before = door.backend.calls[f"auth {EXCHANGE}"]
        async with door.client(**{"x-api-key": "sk_once"}) as client:
            answers = await asyncio.gather(*(client.get("/api/orders") for _ in range(10)))
        for told in answers:
            headers = headers_of(told.json())
            assert headers["authorization"] == f"Bearer {token}"
            assert "x-api-key" not in headers
            assert tenant_in(headers, "sales") == "cmp_acme"
        assert door.backend.calls[f"auth {EXCHANGE}"] == before + 1

    async def test_of_a_suspended_company_is_refused_and_nothing_is_called_away(self, door: Door) -> None:
        async def suspended(_: Backend, scope: Any, receive: Any, send: Any) -> None:
            await answer(send, 403, {"code": "company_suspended"})

        door.backend.special[EXCHANGE] = suspended
        async with door.client(**{"x-api-key": "sk_stopped"}) as client:
            refused = await client.get("/api/orders")
        assert (refused.status_code, refused.json()["code"]) == (403, "company_suspended")

    async def test_names_the_tenant_beside_a_token(self, door: Door) -> None:
        door.backend.special[EXCHANGE] = hand_out({"pk_beside": key_token(PUBLISHABLE, "cmp_acme")})
        async with door.client(admit("customer"), **{"x-api-key": "pk_beside"}) as client:
            told = headers_of((await client.get("/api/orders")).json())
        async with door.client(admit("customer", "cmp_brot"), **{"x-api-key": "pk_beside"}) as client:
            refused = await client.get("/api/orders")
        assert told["authorization"] != f"Bearer {key_token(PUBLISHABLE, 'cmp_acme')}"
        assert tenant_in(told, "sales") == "cmp_acme"
        assert (refused.status_code, refused.json()["code"]) == (400, "tenant_mismatch")

    async def test_conflicts_with_a_token_when_it_is_secret(self, door: Door) -> None:
        door.backend.special[EXCHANGE] = hand_out({"sk_two": key_token(SECRET, "cmp_acme")})
        async with door.client(admit("company_admin", "cmp_acme"), **{"x-api-key": "sk_two"}) as client:
            refused = await client.get("/api/orders")
        assert (refused.status_code, refused.json()["code"]) == (400, "credentials_conflict")
        assert "ratelimit-limit" in refused.headers

    @pytest.mark.parametrize("key", ["sk_nobody", "", "x" * 201, "sk_\xe9"])
    async def test_is_refused_when_it_is_none(self, door: Door, key: str) -> None:
        door.backend.special[EXCHANGE] = hand_out({})
        async with door.client() as client:
            refused = await client.get("/api/orders", headers=[(b"x-api-key", key.encode("latin-1"))])
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_api_key")
        assert refused.headers["www-authenticate"].startswith("Bearer")

    async def test_floods_auth_with_nothing(self, infrastructure: Infrastructure) -> None:
        async with open_door(infrastructure, MARKETHALL_SIGN_IN_LIMIT="5/h") as door, door.client() as client:
            door.backend.special[EXCHANGE] = hand_out({"sk_good": key_token(SECRET, "cmp_acme")})
            good = await client.get("/api/orders", headers={"x-api-key": "sk_good"})
            answers = [await client.get("/api/orders", headers={"x-api-key": f"sk_{n}"}) for n in range(20)]
            again = await client.get("/api/orders", headers={"x-api-key": "sk_good"})
            assert door.backend.calls[f"auth {EXCHANGE}"] == 5
        assert [each.status_code for each in answers] == [401] * 4 + [429] * 16
        assert (good.status_code, again.status_code) == (200, 200)


class Auth(ServiceClients):
    """The port to auth: the keys it knows."""

    def __init__(self) -> None:
        self.tokens = {"sk_a": "token-a"}
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def post(self, service: str, path: str, body: Any, *, tenant: str | None = None) -> Any:
        self.asked += 1
        await self.gate.wait()
        if body["key"] not in self.tokens:
            raise NotFound("key")
        return {"accessToken": self.tokens[body["key"]], "expiresIn": 900}


async def freely() -> None:
    """A guard that lets everything pass."""


async def verify(token: str) -> AccessClaims:
    if token == "revoked":
        raise Unauthenticated("token_revoked")
    return AccessClaims(f"key_{token}", token, SECRET, "cmp_a", (), None, None, (), 0, 1, "key")


class TestMemory:
    async def test_forgets_a_revoked_key_at_once(self) -> None:
        auth = Auth()
        keys = Keys(auth, verify)
        await keys.open("sk_a", freely)
        auth.tokens.clear()
        assert (await keys.open("sk_a", freely)).token == "token-a"
        keys.forget(SimpleNamespace(data=SimpleNamespace(key_id="key_token-a")))  # type: ignore[arg-type]
        with pytest.raises(Unauthenticated):
            await keys.open("sk_a", freely)

    async def test_asks_again_when_the_token_is_no_longer_good(self) -> None:
        auth = Auth()
        keys = Keys(auth, verify)
        await keys.open("sk_a", freely)
        keys._known = {name: keys_module._Known("revoked", "x", each.until) for name, each in keys._known.items()}
        auth.tokens["sk_a"] = "token-b"
        assert (await keys.open("sk_a", freely)).token == "token-b"

    async def test_holds_no_key_and_a_bounded_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keys_module, "REMEMBERED", 3)
        auth = Auth()
        auth.tokens = {f"sk_{number}": f"t{number}" for number in range(10)}
        keys = Keys(auth, verify)
        for number in range(10):
            await keys.open(f"sk_{number}", freely)
            with pytest.raises(Unauthenticated):
                await keys.open(f"sk_x{number}", freely)
        assert (len(keys._known), len(keys._absent)) == (3, 3)
        assert "sk_" not in repr(keys._known)

    async def test_asks_about_few_at_once(self) -> None:
        auth = Auth()
        auth.gate.clear()
        keys = Keys(auth, verify)
        tries = [asyncio.create_task(keys.open(f"sk_{number}", freely)) for number in range(200)]
        async with asyncio.timeout(5):
            while sum(each.done() for each in tries) < 200 - keys_module.WAITING or not auth.asked:
                await asyncio.sleep(0)
        assert auth.asked == keys_module.ASKED_AT_ONCE
        auth.gate.set()
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(isinstance(each, Unavailable) for each in results) == 200 - keys_module.WAITING
