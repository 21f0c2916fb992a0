"""The processes: what should run, what keeps ending, what does not answer."""

from collections.abc import Iterator

from dev.doctor.finding import Finding, notice, ok, unasked, wrong
from dev.home import Home
from dev.status import report
from dev.supervisor.client import SupervisorClient
from dev.up import UNFINISHED

AREA = "processes"
MANY_RESTARTS = 5


def look(home: Home) -> Iterator[Finding]:
    """The state of each process that should run."""
    if (home.path / UNFINISHED).exists():
        yield wrong(AREA, "a restore to this home broke off", "./markethall reset, then ./markethall restore FILE")
    if not home.path.is_dir() or not SupervisorClient(home).is_running():
        yield unasked(AREA, "the suite is down", "./markethall up")
        return
    processes = [each for each in report(home)["processes"] if each["wanted"]]
    for each in processes:
        name, log = each["name"], f"./markethall logs {each['group']}"
        if each["state"] not in ("ready", "running"):
            last = f"; it last ended with {each['lastExit']}" if each.get("lastExit") else ""
            yield wrong(AREA, f"{name} is {each['state']}{last}", f"{log}, then ./markethall restart {name}")
        elif each.get("restarts", 0) >= MANY_RESTARTS:
            yield notice(AREA, f"{name} was started again {each['restarts']} times", log)
    stopped = [each["name"] for each in SupervisorClient(home).processes() if not each["wanted"]]
    if stopped:
        yield notice(AREA, f"stopped by hand: {', '.join(stopped)}", f"./markethall start {' '.join(stopped)}")
    yield ok(AREA, f"{sum(each['state'] in ('ready', 'running') for each in processes)} of {len(processes)} run")
