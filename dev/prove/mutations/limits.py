"""What one allowance over several gateways rests on."""

from dev.prove.mutations.mutation import Edit, Mutation

_LIMITS = "services/gateway/service/limits.py"

MUTATIONS = [
    Mutation(
        "limits-shared",
        "the count that all gateways share in Redis",
        22,
        ("gateway",),
        (Edit(_LIMITS, "if self._redis is not None else None", "if False else None"),),
    ),
    Mutation(
        "limits-alone",
        "the count in memory while Redis is away",
        22,
        ("gateway",),
        (
            Edit(
                _LIMITS,
                "        except (BaseThrottledError, OSError) as error:",
                "        except ZeroDivisionError as error:",
            ),
        ),
    ),
    Mutation(
        "limits-again",
        "asking Redis again after a pause",
        22,
        ("gateway",),
        (Edit(_LIMITS, "= monotonic_seconds() + self._pause_seconds", '= float("inf")'),),
    ),
]
