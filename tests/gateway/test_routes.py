"""What passes the gateway, and how, over real sockets and the real broker."""

import asyncio

import pytest

from common.identity.identify import CONTEXT_HEADER
from common.testing import admit
from tests.gateway.conftest import Door

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestForward:
    @pytest.mark.parametrize(
        ("path", "service"),
        [
            ("/.well-known/jwks.json", "auth"),
            ("/api/auth/login", "auth"),
            ("/api/companies", "company"),
            ("/api/shops/shp_1/staff", "shop"),
            ("/api/categories", "catalog"),
            ("/api/orders/ord_1/", "sales"),
            ("/api/payments/webhooks/stripe/a", "payment"),
            ("/api/inventory/v1/products", "inventory"),
            ("/api/debts", "debt"),
        ],
    )
    async def test_reaches_the_service_of_the_prefix(self, door: Door, path: str, service: str) -> None:
        async with door.client() as client:
            answer = await client.get(path, params={"a": "b c"})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["service"], answer.json()["path"]) == (service, path.rstrip("/"))
        assert answer.json()["query"] == "a=b+c"
