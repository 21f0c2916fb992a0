"""The live stream: tickets that work once, channels by permission, resuming without gap or repeat."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.api_client import Client
from tests.e2e.shapes import TICKET, check
from tests.e2e.shop_life.conftest import Life, found_company

FRAME_SECONDS = 20.0


@contextlib.contextmanager
def opened(client: Client, ticket: str | None = None) -> Iterator[ClientConnection]:
    """A socket with a ticket of this caller."""
    ticket = ticket or check(client.post("/api/realtime/tickets"), TICKET)["ticket"]
    address = client.url.replace("http", "ws", 1) + f"/ws?ticket={ticket}"
    with connect(address, open_timeout=FRAME_SECONDS) as socket:
        yield socket


def say(socket: ClientConnection, **frame: Any) -> None:
    socket.send(json.dumps(frame))


def hear(socket: ClientConnection, holds: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The next frame that holds; others are passed over."""
    while True:
        frame: dict[str, Any] = json.loads(socket.recv(timeout=FRAME_SECONDS))
        if holds(frame):
            return frame


def subscribe(socket: ClientConnection, *channels: str) -> dict[str, Any]:
    say(socket, type="subscribe", channels=channels)
    frame = hear(socket, lambda found: found["type"] == "subscribed")
    shape = {"channels": [str], "refused": [{"channel": str, "code": str}], "cursor": str}
    checked: dict[str, Any] = check(frame, shape)
    return checked


def closing(client: Client, ticket: str) -> int:
    """The code that the gateway closes with, when a socket asks with this ticket."""
    with pytest.raises(ConnectionClosed) as closed, opened(client, ticket) as socket:
        hear(socket, lambda _frame: False)
    assert closed.value.rcvd is not None
    return int(closed.value.rcvd.code)


class TestTicket:
    def test_works_once(self, life: Life) -> None:
        ticket = check(life.admin.post("/api/realtime/tickets"), TICKET)
        assert ticket["expiresIn"] == 30
        assert ticket["ticket"] in ticket["url"]
        with opened(life.admin, ticket["ticket"]) as socket:
            subscribe(socket, "orders")
        assert closing(life.admin, ticket["ticket"]) == 4401

    def test_is_needed(self, life: Life) -> None:
        assert closing(life.admin, "none") == 4401
        life.anonymous().refused(401, None, "POST", "/api/realtime/tickets")


class TestSubscribing:
    def test_hears_what_happens_and_stops_hearing(self, life: Life) -> None:
        with opened(life.admin) as socket:
            answer = subscribe(socket, "orders", "inventory", "dashboard")
            assert (sorted(answer["channels"]), answer["refused"]) == (["dashboard", "inventory", "orders"], [])
            order = life.order(life.buyer, life.product())
            frame = hear(socket, lambda found: order["id"] in json.dumps(found))
            assert set(frame) >= {"type", "channel", "cursor", "event"}
            assert (frame["type"], frame["channel"]) == ("event", "orders")
            assert frame["event"]["specversion"] == "1.0"

    def test_gives_customers_their_own_orders_alone(self, life: Life) -> None:
        customer, other = life.customer(), life.customer()
        mine, theirs = life.order(customer, life.product()), life.order(other, life.product())
        life.becomes(mine["id"], fulfilmentStatus="reserved")
        with opened(customer) as socket:
            wanted = [f"order:{mine['id']}", f"order:{theirs['id']}", "orders", "dashboard"]
            answer = subscribe(socket, *wanted)
            assert answer["channels"] == wanted[:1]
            assert {refused["channel"] for refused in answer["refused"]} == set(wanted[1:])
            customer.post(f"/api/orders/{mine['id']}/cancel", {}, status=200)
            assert hear(socket, lambda found: found["type"] == "event")["channel"] == wanted[0]

    def test_refuses_another_companys_order(self, life: Life, stranger: Life) -> None:
        order = life.order(life.buyer, life.product())
        with opened(stranger.admin) as socket:
            assert subscribe(socket, f"order:{order['id']}")["channels"] == []

    def test_stays_open_at_a_ping_and_an_unsubscribe(self, life: Life) -> None:
        with opened(life.admin) as socket:
            subscribe(socket, "orders")
            say(socket, type="ping")
            say(socket, type="unsubscribe", channels=["orders"])
            assert "inventory" in subscribe(socket, "inventory")["channels"]


class TestResuming:
    def test_has_no_gap_and_no_repeat(self, life: Life) -> None:
        customer, product = life.customer(), life.product()
        with opened(life.admin) as socket:
            subscribe(socket, "orders")
            seen = life.order(customer, product)["id"]
            last = hear(socket, lambda found: _is_placed(found, seen))
        missed = [life.order(customer, product)["id"] for _ in range(3)]
        with opened(life.admin) as socket:
            say(socket, type="resume", cursor=last["cursor"], channels=["orders"])
            heard = []
            while not set(missed) <= {_subject(frame) for frame in heard}:
                heard.append(hear(socket, lambda found: found["type"] == "event"))
        ids = [frame["event"]["id"] for frame in heard]
        assert len(set(ids)) == len(ids)
        assert last["event"]["id"] not in ids
        placed = [_subject(frame) for frame in heard if _is_placed(frame, _subject(frame))]
        assert placed == missed

    def test_says_when_a_cursor_is_none(self, life: Life) -> None:
        with opened(life.admin) as socket:
            say(socket, type="resume", cursor="nonsense", channels=["orders"])
            frame = json.loads(socket.recv(timeout=FRAME_SECONDS))
            assert (frame["type"], bool(frame["code"])) == ("error", True)


class TestRevoking:
    def test_closes_the_socket(self, platform: Client) -> None:
        life = found_company(platform)
        with pytest.raises(ConnectionClosed) as closed, opened(life.admin) as socket:
            subscribe(socket, "orders")
            life.admin.post("/api/auth/logout", status=204)
            hear(socket, lambda _frame: False)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


def _subject(frame: dict[str, Any]) -> str:
    return str(frame["event"].get("subject", "")).split("/")[-1]


def _is_placed(frame: dict[str, Any], order_id: str) -> bool:
    return frame["type"] == "event" and "created" in frame["event"]["type"] and order_id in json.dumps(frame["event"])
