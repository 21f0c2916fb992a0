"""How many files and sockets a process may hold open."""

import resource

ENOUGH = 65_536


def allow_many() -> int:
    """Raise this process's limit to what the system allows it anyway, 65,536 at most; returns the limit.

    Shells usually set 1,024, and a socket through the gateway takes two there.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft
