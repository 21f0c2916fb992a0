"""Live events: each role hears its own company alone, and of it what its role lets it hear."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from dev.walk.callers import ADMIN, CUSTOMER, MANAGER, SECRET, STAFF, SUPER
from dev.walk.makers import sale
from dev.walk.world import World
from tests.walk.conftest import Field

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

FRAME_SECONDS = 20.0
REVOKED_OR_NO_TICKET = 4401
OF_COMPANY = ("orders", "inventory", "dashboard", "alerts")
NOT_FOUND = "not_found"
DENIED = "permission_denied"

OWN, OTHERS, OTHER_SHOP, FOREIGN = "shop_order", "order_of_others", "order_of_other_shop", "foreign"
EVERYTHING = {FOREIGN: NOT_FOUND}
REFUSED: dict[str, dict[str, str]] = {
    SUPER: EVERYTHING,
    ADMIN: EVERYTHING,
    SECRET: EVERYTHING,
    MANAGER: {FOREIGN: NOT_FOUND, OTHER_SHOP: NOT_FOUND, OTHERS: NOT_FOUND},
    STAFF: {FOREIGN: NOT_FOUND, OTHER_SHOP: NOT_FOUND, OTHERS: NOT_FOUND, "dashboard": DENIED},
    CUSTOMER: {FOREIGN: NOT_FOUND, OTHER_SHOP: NOT_FOUND, OTHERS: NOT_FOUND, **dict.fromkeys(OF_COMPANY, DENIED)},
}
"""What each caller is refused of all channels below; everything else it hears."""


async def ticket(battlefield: Field, name: str) -> str:
    async with httpx2.AsyncClient(base_url=battlefield.own.base_url) as http:
        answer = await http.post("/api/realtime/tickets", headers=battlefield.callers[name].headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ticket"])


def address(world: World, drawn: str) -> str:
    return f"{world.base_url.replace('http', 'ws', 1)}/ws?ticket={drawn}"


@asynccontextmanager
async def listening(battlefield: Field, name: str) -> AsyncIterator[ClientConnection]:
    async with connect(address(battlefield.own, await ticket(battlefield, name))) as socket:
        yield socket


async def subscribe(socket: ClientConnection, channels: list[str]) -> dict[str, Any]:
    await socket.send(json.dumps({"type": "subscribe", "channels": channels}))
    return await frame(socket)


async def frame(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(FRAME_SECONDS):
        return dict(json.loads(await socket.recv()))


class TestSubscribe:
    @pytest.mark.parametrize("name", REFUSED)
    async def test_is_refused_what_is_not_the_callers(self, battlefield: Field, name: str) -> None:
        kinds = (OWN, OTHERS, OTHER_SHOP)
        channels = {kind: f"order:{await battlefield.own.id_of(kind)}" for kind in kinds}
        channels[FOREIGN] = f"order:{await battlefield.foreign.id_of('shop_order')}"
        channels |= {channel: channel for channel in OF_COMPANY}
        async with listening(battlefield, name) as socket:
            told = await subscribe(socket, list(channels.values()))
        wanted = {channels[kind]: code for kind, code in REFUSED[name].items()}
        assert {entry["channel"]: entry["code"] for entry in told["refused"]} == wanted
        assert sorted(told["channels"]) == sorted(set(channels.values()) - wanted.keys())

    async def test_finds_no_channel_of_a_named_company(self, battlefield: Field) -> None:
        foreign = battlefield.foreign.known("company")
        named = [f"{channel}:{foreign}" for channel in OF_COMPANY]
        async with listening(battlefield, ADMIN) as socket:
            told = await subscribe(socket, named)
        assert told["channels"] == []
        assert sorted(entry["channel"] for entry in told["refused"]) == sorted(named)


class TestTicket:
    async def test_works_once(self, battlefield: Field) -> None:
        drawn = await ticket(battlefield, ADMIN)
        async with connect(address(battlefield.own, drawn)) as socket:
            await subscribe(socket, ["orders"])
            await self._is_refused(battlefield, drawn)

    async def test_is_needed(self, battlefield: Field) -> None:
        await self._is_refused(battlefield, "made-up")

    async def _is_refused(self, battlefield: Field, drawn: str) -> None:
        with pytest.raises(ConnectionClosed) as refused:
            async with connect(address(battlefield.own, drawn)) as socket:
                await frame(socket)
        assert refused.value.rcvd is not None
        assert refused.value.rcvd.code == REVOKED_OR_NO_TICKET


class TestEvents:
    async def test_of_another_company_never_arrive(self, battlefield: Field) -> None:
        own, foreign = battlefield.own, battlefield.foreign
        async with listening(battlefield, ADMIN) as socket:
            await subscribe(socket, list(OF_COMPANY))
            for world in (foreign, own, foreign):
                last = await world.staff.post("/api/pos/sales", await sale(world))
                if world is own:
                    mine = last
            heard = [await frame(socket)]
            while not _tells_of_sale(heard[-1], mine["id"]):
                heard.append(await frame(socket))
            closing = await own.staff.post("/api/pos/sales", await sale(own))
            while not _tells_of_sale(heard[-1], closing["id"]):
                heard.append(await frame(socket))
        companies = {event["event"]["companyid"] for event in heard if event["type"] == "event"}
        assert companies == {own.known("company")}
        assert not any(secret in json.dumps(heard) for secret in (foreign.mark, *foreign.made))


def _tells_of_sale(told: dict[str, Any], sale_id: str) -> bool:
    return told["type"] == "event" and told["event"]["type"] == "sale.completed" and sale_id in json.dumps(told)
