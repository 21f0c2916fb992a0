"""Rules of live delivery, without any I/O."""

import pytest

from common.context import CallContext
from common.events import Envelope, EventData, seal, unseal
from common.events.identity import UserSignedIn
from services.realtime.domain import frames
from services.realtime.domain.channels import channels_of, is_for, is_known, order_of
from services.realtime.domain.cursors import Cursor, Place, parse_cursor
from tests.realtime import samples


def envelope(data: EventData, shop_id: str | None = None) -> Envelope[EventData]:
    return unseal(
        seal(
            data,
            source="x",
            company_id="cmp_1",
            sequence=1,
            now=samples.NOW,
            call=CallContext(correlation_id="req_1", actor="user:usr_1"),
            shop_id=shop_id,
        )
    )


class TestCursor:
    def test_reads_what_it_writes(self) -> None:
        cursor = Cursor("01jepoch", Place(12, 3))
        assert parse_cursor(str(cursor)) == cursor

    @pytest.mark.parametrize("text", ["", "a.1", "a.1.x", "a.-1.0", "A!.1.1", "a.1.1.1", None, 5, "a.1.-2"])
    def test_refuses_what_is_none(self, text: object) -> None:
        assert parse_cursor(text) is None

    def test_orders_places(self) -> None:
        assert Place(1, 9) < Place(2, 0) < Place(2, 1)


class TestChannels:
    @pytest.mark.parametrize(
        ("data", "channels"),
        [
            (samples.confirmed("ord_1"), {"orders", "order:ord_1", "dashboard"}),
            (samples.moved("ord_1"), {"orders", "order:ord_1"}),
            (samples.paid("ord_1"), {"orders", "order:ord_1"}),
            (samples.adjusted(), {"inventory"}),
            (samples.alerted(), {"alerts"}),
            (UserSignedIn(user_id="usr_1", session_id="ses_1"), set()),
        ],
    )
    def test_carry_their_events_once(self, data: EventData, channels: set[str]) -> None:
        found = channels_of(envelope(data))
        assert set(found) == channels
        assert len(found) == len(channels)

    @pytest.mark.parametrize("channel", ["", "order:", "order:prd_1", "order:ord_1/../x", "Orders", "users"])
    def test_are_known_or_not(self, channel: str) -> None:
        assert not is_known(channel)
        assert order_of(channel) is None

    def test_hide_other_shops_but_not_a_permitted_order(self) -> None:
        event = envelope(samples.confirmed("ord_1", "shp_b"))
        assert is_for(None, "orders", event)
        assert not is_for(frozenset({"shp_a"}), "orders", event)
        assert is_for(frozenset({"shp_b"}), "orders", event)
        assert is_for(frozenset({"shp_a"}), "order:ord_1", event)


class TestFrames:
    @pytest.mark.parametrize(
        "text", ["", "null", '{"type":"resume"}', '{"type":"ping","x":1}', '{"type":"subscribe","channels":["a",1]}']
    )
    def test_refuses_what_it_does_not_know(self, text: str) -> None:
        assert frames.read_frame(text) is None

    def test_refuses_what_is_too_long(self) -> None:
        assert frames.read_frame('{"type":"ping"}' + " " * frames.LARGEST_FRAME) is None
