"""More calls than a service can take: so many at a time, a short wait in fair turn, and a quick refusal.

Each service has a gate for its reads, one for its writes, auth one for signing in, and payment one for what providers
tell. Whoever finds it full waits; companies take turns, and so do the callers of a company, so that one who sends too
much waits for itself alone.
"""

import asyncio
from collections import Counter

from prometheus_client import Counter as Counted
from prometheus_client import Gauge

from common.clock import monotonic_seconds
from common.errors import Unavailable
from common.line import Line
from services.gateway.domain.capacity import Capacity
from services.gateway.service.call import Call

LINE_MOST = 1024
BURST_SECONDS = 2.0
"""How many may wait, and how long, when the line was empty a moment ago: many at once are served, only later."""

STANDING_MOST = 24
STANDING_SECONDS = 0.25
"""The same while the line never empties: a handful, or as many as are at work. Then the newest goes first: the oldest
are as good as lost."""

FEW = 2
FEW_SECONDS = 0.5
"""How long those of a company wait of which no more than ``FEW`` do: their turn comes, if they are let wait for it."""

STANDS_AFTER_SECONDS = 1.0
LENT_SECONDS = 0.25
"""How long a call that waits itself, for an order to settle or a slow body, keeps others out."""

CALLBACKS_BELOW = "/api/payments/webhooks/"
"""What a provider tells of money waits for no caller; whoever only claims to be one waits for its own kind."""

Sender = tuple[str, bytes | None, bytes | None, bytes | None]

_refused = Counted("markethall_gate_refused_total", "Calls refused because a service was full", ["service", "kind"])
_limit = Gauge("markethall_gate_limit", "Calls that a service gets at a time", ["service", "kind"])
_under_way = Gauge("markethall_gate_under_way", "Calls that a service has at the moment", ["service", "kind"])
_waiting = Gauge("markethall_gate_waiting", "Calls that wait for their turn", ["service", "kind"])


class Overloaded(Unavailable):
    """Not begun, for there is too much to do (503): asking again later does no harm."""

    def __init__(self, service: str, retry_after_seconds: int) -> None:
        super().__init__(f"The {service} service has too much to do.", retry_after_seconds, "overloaded")


class Gate:
    """One kind of calls of one service."""

    def __init__(self, service: str, kind: str) -> None:
        self._service = service
        self.capacity = Capacity()
        self.under_way = 0
        self._line: Line[asyncio.Future[bool]] = Line(LINE_MOST)
        self._empty_at = 0.0
        self._lined_up: Counter[Sender] = Counter()
        self._refused = _refused.labels(service, kind)
        _limit.labels(service, kind).set_function(lambda: self.capacity.limit)
        _under_way.labels(service, kind).set_function(lambda: self.under_way)
        _waiting.labels(service, kind).set_function(lambda: len(self._line))

    def try_enter(self) -> bool:
        """Take a place, if there is one and nobody waits."""
        if self.under_way < self.capacity.limit and not self._line:
            self.under_way += 1
            return True
        return False

    def knock(self, call: Call) -> None:
        """Before anything is verified of the caller: raises Overloaded where the line is full and the same sender has
        its share of it, so that another call would only be refused later."""
        if len(self._line) >= self._line.most:
            share = self._line.most / self._line.groups
            if self._lined_up.get(_sender_of(call), 0) >= share and self._stands(monotonic_seconds()):
                raise self._overloaded()

    async def enter(self, call: Call) -> None:
        """Take a place when it is the call's turn. Raises Overloaded."""
        now = monotonic_seconds()
        self.capacity.full()
        if not self._line:
            self._empty_at = now
        stands = self._stands(now)
        self._line.most = max(STANDING_MOST, self.capacity.limit) if stands else LINE_MOST
        group, sender = call.tenant.id or "", _sender_of(call)
        caller = call.claims.subject if call.claims is not None else call.address
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        gone = self._line.join(group, caller, turn)
        if gone is turn:
            raise self._overloaded()
        if gone is not None:
            _answer(gone, False)
        self._lined_up[sender] += 1
        try:
            has_place = await self._turn(turn, self._patience(group) if stands else BURST_SECONDS)
        finally:
            self._line.leave(group, caller, turn)
            self._lined_up[sender] -= 1
            if not self._lined_up[sender]:
                del self._lined_up[sender]
        if not has_place:
            raise self._overloaded()

    def leave(self) -> None:
        """Give the place to whoever is next."""
        self.under_way -= 1
        while self._line and self.under_way < self.capacity.limit:
            turn = self._line.next(newest_first=self._stands(monotonic_seconds()))
            if turn is not None and _answer(turn, True):
                self.under_way += 1

    def _patience(self, group: str) -> float:
        """For how many seconds one of this company waits in a line that never empties."""
        return FEW_SECONDS if self._line.waiting(group) <= FEW else STANDING_SECONDS

    async def _turn(self, turn: asyncio.Future[bool], seconds: float) -> bool:
        """Whether a place came in time."""
        timer = asyncio.get_running_loop().call_later(seconds, _answer, turn, False)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.leave()  # the caller went away in the moment that it was its turn
            raise
        finally:
            timer.cancel()

    def _stands(self, now: float) -> bool:
        return now - self._empty_at > STANDS_AFTER_SECONDS

    def _overloaded(self) -> Overloaded:
        self._refused.inc()
        return Overloaded(self._service, 2 if self._stands(monotonic_seconds()) else 1)


class Place:
    """A place that is given back by whichever comes first: the end of the call, or its time."""

    def __init__(self, gate: Gate) -> None:
        self._gate: Gate | None = gate
        self._timer = asyncio.get_running_loop().call_later(LENT_SECONDS, self.give_back)

    def give_back(self) -> None:
        """Give it back, once."""
        self._timer.cancel()
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.leave()


class Gates:
    """The gates of all services."""

    def __init__(self) -> None:
        self._gates: dict[tuple[str, str], Gate] = {}

    def of(self, service: str, call: Call, path: str) -> Gate:
        """The gate that a call passes."""
        is_callback = service == "payment" and path.startswith(CALLBACKS_BELOW)
        key = (service, "callback" if is_callback else call.kind)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = Gate(*key)
        return gate


def _sender_of(call: Call) -> Sender:
    """Who sends, as far as it is known without verifying anything."""
    taken = call.head.taken
    return (call.address, taken.get(b"authorization"), taken.get(b"x-api-key"), taken.get(b"x-tenant-id"))


def _answer(turn: asyncio.Future[bool], has_place: bool) -> bool:
    """Whether the one who waits is still there to hear it."""
    if turn.done():
        return False
    turn.set_result(has_place)
    return True
