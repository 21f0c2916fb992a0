"""Starting one process: a fork that either execs a program or calls a Python function."""

import ctypes
import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from dev.supervisor.call import call
from dev.supervisor.spec import ProcessSpec

LONGEST_LOG_BYTES = 64 * 1024 * 1024
AUTOGROUP_TRIES = 20
AUTOGROUP_PAUSE_SECONDS = 0.1
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_LIBC = ctypes.CDLL(None, use_errno=True)


def fork(spec: ProcessSpec, *, shared: bool, close: Callable[[], None]) -> int:
    """Starts the process in a session of its own and returns its pid.

    `shared` calls the function in the fork itself, with all that is imported; else in a new interpreter.
    `close` lets go, in the child, of what belongs to the supervisor alone.
    """
    log = _open_log(Path(spec.log))
    supervisor = os.getpid()
    ready = _prepare(spec) if shared and spec.prepare else None
    # Until the child has handlers of its own, a request to end would go to the supervisor's, copied, and be lost.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(log)
        if ready is not None:
            del ready
            gc.collect()
        return pid
    code = 1
    try:
        close()
        code = _become(spec, log, supervisor, shared, ready)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - nothing may return into the supervisor's loop from a fork
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _prepare(spec: ProcessSpec) -> Callable[[], object] | None:
    """What the fork is to call, made under its environment; None where that fails: it will meet the error itself."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(spec.environment)
    try:
        ready = call(spec.prepare, spec.arguments)
    except Exception:  # noqa: BLE001 - the process repeats the call and logs whatever it raises
        return None
    finally:
        os.environ.clear()
        os.environ.update(before)
    return ready if callable(ready) else None


def _become(spec: ProcessSpec, log: int, supervisor: int, shared: bool, ready: Callable[[], object] | None) -> int:
    os.setsid()
    _stand_back(spec.niceness)
    _restore_signals()
    # A supervisor that is killed takes its processes along in good order, so that none is orphaned.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != supervisor:
        return 1
    _redirect(log)
    if spec.argv:
        os.execve(spec.argv[0], spec.argv, spec.environment)
    if not shared:
        fresh = [sys.executable, "-m", "dev.supervisor.call", spec.call, json.dumps(spec.arguments)]
        os.execve(sys.executable, fresh, spec.environment)
    os.environ.clear()
    os.environ.update(spec.environment)
    _LIBC.prctl(_PR_SET_NAME, f"mh-{spec.name}"[:15].encode(), 0, 0, 0)
    gc.enable()
    if ready is None:
        call(spec.call, spec.arguments)
    else:
        ready()
    return 0


def _stand_back(niceness: int) -> None:
    """Linux may weigh whole sessions against each other (sched(7), autogroup): there the session's niceness counts.

    Whoever is not root may set that of one session in a tenth of a second, all processes together.
    """
    before = os.getpriority(os.PRIO_PROCESS, 0)  # what whoever started the suite has given it
    try:
        os.setpriority(os.PRIO_PROCESS, 0, before + niceness)
    except PermissionError:
        return  # only root may go before others: the suite runs without preference
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    for _ in range(AUTOGROUP_TRIES if niceness else 0):
        try:
            Path("/proc/self/autogroup").write_text(str(niceness))
        except BlockingIOError:
            time.sleep(AUTOGROUP_PAUSE_SECONDS)
        except OSError:
            return  # another kernel, or a container's
        else:
            return


def _restore_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _redirect(log: int) -> None:
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def _open_log(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LONGEST_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
