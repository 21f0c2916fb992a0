"""The state table holds to the maps of the wire contract, from every state and along every path."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidTransition
from services.sales.domain.facts import FACTS
from services.sales.domain.states import (
    FULFILMENT_MAP,
    FULFILMENT_STATUSES,
    PAYMENT_MAP,
    PAYMENT_STATUSES,
    STATUS_MAP,
    STATUSES,
    TABLE,
    TRIGGERS,
    State,
    move_for,
    require_move,
)

STATES = [State(*axes) for axes in product(STATUSES, PAYMENT_STATUSES, FULFILMENT_STATUSES)]


class TestTable:
    def test_has_one_row_at_most_for_a_trigger_in_a_state(self) -> None:
        for state, trigger in product(STATES, TRIGGERS):
            assert sum(move.trigger == trigger and move.starts_at(state) for move in TABLE) <= 1, (trigger, state)

    def test_moves_along_the_maps_only(self) -> None:
        for state, trigger in product(STATES, TRIGGERS):
            move = move_for(trigger, state)
            if move is None:
                continue
            after = move.after(state)
            assert after.status == state.status or after.status in STATUS_MAP[state.status], (trigger, state)
            assert after.payment == state.payment or after.payment in PAYMENT_MAP[state.payment], (trigger, state)
            steps = FULFILMENT_MAP[state.fulfilment]
            assert after.fulfilment == state.fulfilment or after.fulfilment in steps, (trigger, state)

    def test_emits_what_can_be_built(self) -> None:
        assert {event for move in TABLE for event in move.emits} <= FACTS.keys()

    def test_ends_an_order_with_exactly_one_event(self) -> None:
        for move in TABLE:
            assert ("order.cancelled" in move.emits) == (move.to_status == "cancelled")
            is_first = move.to_status == "confirmed" and move.trigger != "resumed"
            assert ("order.confirmed" in move.emits) == is_first

    def test_never_lets_a_waiting_order_wait_without_a_deadline(self) -> None:
        for state, trigger in product(STATES, TRIGGERS):
            move = move_for(trigger, state)
            if move is not None and move.after(state).status in ("pending", "on_hold"):
                assert move.wait in ("deadline", "as_before"), (trigger, state)

    def test_can_end_every_order_that_waits(self) -> None:
        reached, fresh = set(), {State("pending", "unpaid", "unfulfilled")}
        while fresh:
            reached |= fresh
            moves = [(state, move_for(trigger, state)) for state in fresh for trigger in TRIGGERS]
            fresh = {move.after(state) for state, move in moves if move is not None} - reached
        waiting = [state for state in reached if state.status in ("pending", "on_hold")]
        assert len(waiting) > 4
        for state in waiting:
            assert move_for("overdue", state), state


class TestRequireMove:
    @given(st.sampled_from(STATES), st.sampled_from(TRIGGERS))
    def test_raises_for_what_the_map_does_not_have(self, state: State, trigger: str) -> None:
        if move_for(trigger, state) is None:  # type: ignore[arg-type]
            with pytest.raises(InvalidTransition) as refused:
                require_move(trigger, state)  # type: ignore[arg-type]
            assert refused.value.extra["orderStatus"] == state.status
        else:
            require_move(trigger, state)  # type: ignore[arg-type]
