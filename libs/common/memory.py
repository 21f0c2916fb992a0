"""Memory given back to the system, where the C library can."""

import ctypes
import gc

_C_LIBRARY = ctypes.CDLL(None)
_M_ARENA_MAX = -8  # malloc.h of glibc


def give_back() -> None:
    """Return what is free to the system: after a start or a bulk load that will not soon be repeated."""
    gc.collect()
    if hasattr(_C_LIBRARY, "malloc_trim"):
        _C_LIBRARY.malloc_trim(0)


def share_one_arena() -> None:
    """Let the few threads of this process allocate from one arena instead of one each."""
    if hasattr(_C_LIBRARY, "mallopt"):
        _C_LIBRARY.mallopt(_M_ARENA_MAX, 1)
