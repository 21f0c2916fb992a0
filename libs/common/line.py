"""A waiting line in which nobody's many keep out another's few.

Groups take turns, and one that asks for little goes before those that always wait: the sparse flows of FQ-CoDel
(RFC 8290, section 4.2), whose empty queues keep their place in the round for one more turn, too.
"""

from collections import OrderedDict
from typing import Generic, TypeVar

Waiting = TypeVar("Waiting")

NEW_IN_A_ROW = 8
"""After so many newcomers the round has a turn: ever new names do not starve those who were there before."""


class _Group(Generic[Waiting]):
    """Those of one group: its callers in rotation, each with what waits for it."""

    __slots__ = ("callers", "count")

    def __init__(self) -> None:
        self.callers: OrderedDict[str, OrderedDict[Waiting, None]] = OrderedDict()
        self.count = 0

    def remove(self, caller: str, item: Waiting) -> bool:
        items = self.callers.get(caller)
        if items is None or item not in items:
            return False
        del items[item]
        self.count -= 1
        if not items:
            del self.callers[caller]
        return True


class Line(Generic[Waiting]):
    """At most ``most`` wait; set anew, it counts from the next one that comes.

    Groups take turns, and so do the callers within a group. A group that has had no turn since it last waited goes
    before those that have had theirs; so that nobody gains by leaving and coming again, one that was served keeps its
    place behind the others until the round has come to it.
    When it is full, whoever comes takes the place of one of the longest group, newest first, unless that would only
    change places: so a full line keeps out those who fill it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._new: OrderedDict[str, _Group[Waiting]] = OrderedDict()
        self._round: OrderedDict[str, _Group[Waiting]] = OrderedDict()
        self._count = 0
        self._new_in_a_row = 0

    def __len__(self) -> int:
        return self._count

    @property
    def groups(self) -> int:
        """How many groups have somebody waiting."""
        return len(self._new) + sum(group.count > 0 for group in self._round.values())

    def waiting(self, group: str) -> int:
        """How many of this group wait."""
        mine = self._group(group)
        return mine.count if mine is not None else 0

    def join(self, group: str, caller: str, item: Waiting) -> Waiting | None:
        """Wait; answers who must go for it, which may be ``item`` itself. An item waits once at a time."""
        gone = self._displaced(group, caller) if self._count >= self.most else None
        if gone is None and self._count >= self.most:
            return item
        mine = self._group(group)
        if mine is None:
            mine = self._new[group] = _Group()
        mine.callers.setdefault(caller, OrderedDict())[item] = None
        mine.count += 1
        self._count += 1
        return gone

    def next(self, *, newest_first: bool = False) -> Waiting | None:
        """Whose turn it is, taken out; None when nobody waits. Of one caller's, the oldest unless told otherwise."""
        if not self._count:
            return None
        name, group = self._whose_turn()
        caller, items = next(iter(group.callers.items()))
        item = next(reversed(items)) if newest_first else next(iter(items))
        group.callers.move_to_end(caller)
        self._round[name] = group
        self.leave(name, caller, item)
        return item

    def _whose_turn(self) -> tuple[str, _Group[Waiting]]:
        """The group whose turn it is, taken out; a place in the round that nobody uses is given up."""
        while self._round and (self._new_in_a_row >= NEW_IN_A_ROW or not self._new):
            name, group = self._round.popitem(last=False)
            if group.count:
                self._new_in_a_row = 0
                return name, group
        self._new_in_a_row += 1
        return self._new.popitem(last=False)

    def leave(self, group: str, caller: str, item: Waiting) -> None:
        """Wait no more; nothing happens where ``item`` does not."""
        mine = self._group(group)
        if mine is not None and mine.remove(caller, item):
            self._count -= 1
            if not mine.count:
                self._new.pop(group, None)
            if not self._count:
                self._round.clear()

    def _displaced(self, group: str, caller: str) -> Waiting | None:
        """One of the longest group's longest caller, taken out; None where the newcomer is as long as that."""
        waiting = {**self._new, **self._round}
        name = max(waiting, key=lambda each: waiting[each].count, default=None)
        if name is None:
            return None
        longest, mine = waiting[name], waiting.get(group)
        if name != group and longest.count <= (mine.count if mine is not None else 0) + 1:
            return None
        other = max(longest.callers, key=lambda each: len(longest.callers[each]))
        held = len(longest.callers[caller]) if name == group and caller in longest.callers else 0
        if name == group and len(longest.callers[other]) <= held + 1:
            return None
        item = next(reversed(longest.callers[other]))
        self.leave(name, other, item)
        return item

    def _group(self, name: str) -> _Group[Waiting] | None:
        return self._new.get(name) or self._round.get(name)
