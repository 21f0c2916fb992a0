"""``python -m dev.supervisor.call MODULE:FUNCTION [JSON]``: a process in an interpreter of its own."""

import importlib
import json
import sys
from collections.abc import Callable, Sequence


def call(target: str, arguments: Sequence[str | int]) -> object:
    """Imports and calls ``module:function``, and returns what it does. Raises TypeError when it is no function."""
    module, _, name = target.partition(":")
    function: Callable[..., object] = getattr(importlib.import_module(module), name)
    if not callable(function):
        raise TypeError(f"{target} is not a function")
    return function(*arguments)


if __name__ == "__main__":
    call(sys.argv[1], json.loads(sys.argv[2]))
