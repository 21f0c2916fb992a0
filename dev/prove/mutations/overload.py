"""What a suite that is asked for too much rests on."""

from dev.prove.mutations.mutation import Edit, Mutation

_GATE = "services/gateway/service/overload.py"

MUTATIONS = [
    Mutation(
        "overload-gate",
        "the limit of calls at a time",
        31,
        ("gateway",),
        (
            Edit(
                _GATE,
                "if self.under_way < self.capacity.limit and not self._line:\n",
                "if self.under_way < 1_000_000:\n",
            ),
        ),
    ),
    Mutation(
        "overload-fair-turns",
        "companies taking turns in the line",
        31,
        ("gateway",),
        (
            Edit(_GATE, "gone = self._line.join(group, caller, turn)", 'gone = self._line.join("", "", turn)'),
            Edit(_GATE, "self._line.leave(group, caller, turn)", 'self._line.leave("", "", turn)'),
        ),
    ),
    Mutation(
        "overload-short-wait",
        "the short wait in a line that never empties",
        31,
        ("gateway",),
        (
            Edit(_GATE, "STANDING_SECONDS = 0.25", "STANDING_SECONDS = 30.0"),
            Edit(_GATE, "STANDING_MOST = 24", "STANDING_MOST = 1024"),
            Edit(_GATE, "newest_first=self._stands(monotonic_seconds())", "newest_first=False"),
        ),
    ),
    Mutation(
        "overload-retry-after",
        "Retry-After on every refusal",
        31,
        ("gateway",),
        (
            Edit(
                "services/gateway/service/answers.py",
                '(b"retry-after", b"%d" % error.retry_after_seconds)',
                '(b"x-retry-after", b"%d" % error.retry_after_seconds)',
            ),
        ),
    ),
]
