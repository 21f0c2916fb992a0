"""The fork server on real processes."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from dev.home import Home
from dev.supervisor.client import SupervisorClient
from dev.supervisor.preload import changed_at
from dev.supervisor.spec import LONGEST_PAUSE_SECONDS, SERVER_PAUSE_SECONDS, ProcessSpec
from dev.supervisor.watched import Watched, backoff_seconds, describe_exit

Until = Callable[[Callable[[], bool]], None]


def sleeper(home: Home, name: str = "sleeper") -> ProcessSpec:
    return ProcessSpec(name, name, {"MARK": "seen"}, call="time:sleep", arguments=(600,), log=str(home.log(name)))


def process(client: SupervisorClient, name: str = "sleeper") -> dict[str, Any]:
    return next(each for each in client.processes() if each["name"] == name)


class TestRestart:
    def test_after_kill_9_another_process_runs(self, home: Home, supervisor: SupervisorClient, until: Until) -> None:
        supervisor.add([sleeper(home)])
        first = process(supervisor)["pid"]
        os.kill(first, signal.SIGKILL)
        until(lambda: process(supervisor)["pid"] not in (None, first))
        after = process(supervisor)
        assert (after["state"], after["restarts"], after["lastExit"]) == ("running", 1, "signal SIGKILL")

    def test_what_crashes_at_once_backs_off(self, home: Home, supervisor: SupervisorClient, until: Until) -> None:
        supervisor.add([ProcessSpec("broken", "broken", {}, call="no.such:thing", log=str(home.log("broken")))])
        until(lambda: process(supervisor, "broken")["state"] == "backing off")
        assert process(supervisor, "broken")["lastExit"] == "code 1"
        assert "ModuleNotFoundError" in home.log("broken").read_text()

    def test_an_operators_restart_is_no_crash(self, home: Home, supervisor: SupervisorClient, until: Until) -> None:
        supervisor.add([sleeper(home)])
        first = process(supervisor)["pid"]
        supervisor.restart(["sleeper"])
        until(lambda: process(supervisor)["pid"] not in (None, first))
        assert process(supervisor)["restarts"] == 0

    def test_other_processes_are_left_alone(self, home: Home, supervisor: SupervisorClient, until: Until) -> None:
        supervisor.add([sleeper(home, "one"), sleeper(home, "two")])
        killed, spared = process(supervisor, "one")["pid"], process(supervisor, "two")["pid"]
        os.kill(killed, signal.SIGKILL)
        until(lambda: process(supervisor, "one")["restarts"] == 1)
        assert process(supervisor, "two")["pid"] == spared


class TestRenew:
    def test_the_former_goes_on_until_it_is_retired(self, home: Home, supervisor: SupervisorClient) -> None:
        supervisor.add([sleeper(home)])
        former = process(supervisor)["pid"]
        supervisor.renew(["sleeper"])
        after = process(supervisor)
        assert after["pid"] != former
        assert (after["leaving"], after["state"], psutil.pid_exists(former)) == ([former], "running", True)
        supervisor.retire(["sleeper"])
        assert (process(supervisor)["pid"], psutil.pid_exists(former)) == (after["pid"], False)
        assert process(supervisor)["restarts"] == 0

    def test_a_stop_ends_both(self, home: Home, supervisor: SupervisorClient) -> None:
        supervisor.add([sleeper(home)])
        pids = [process(supervisor)["pid"]]
        supervisor.renew(["sleeper"])
        pids.append(process(supervisor)["pid"])
        supervisor.stop(["sleeper"])
        assert not any(psutil.pid_exists(pid) for pid in pids)

    def test_a_former_copy_that_crashes_is_not_started_again(
        self, home: Home, supervisor: SupervisorClient, until: Until
    ) -> None:
        supervisor.add([sleeper(home)])
        former = process(supervisor)["pid"]
        supervisor.renew(["sleeper"])
        present = process(supervisor)["pid"]
        os.kill(former, signal.SIGKILL)
        until(lambda: process(supervisor)["leaving"] == [])
        assert (process(supervisor)["pid"], process(supervisor)["restarts"]) == (present, 0)

    def test_what_was_down_is_started(self, home: Home, supervisor: SupervisorClient) -> None:
        supervisor.add([sleeper(home)])
        supervisor.stop(["sleeper"])
        supervisor.renew(["sleeper"])
        assert (process(supervisor)["state"], process(supervisor)["leaving"]) == ("running", [])


class TestStop:
    def test_what_was_stopped_stays_down_until_started(self, home: Home, supervisor: SupervisorClient) -> None:
        supervisor.add([sleeper(home)])
        pid = process(supervisor)["pid"]
        supervisor.stop(["sleeper"])
        assert process(supervisor)["state"] == "stopped"
        assert not psutil.pid_exists(pid)
        supervisor.start(["sleeper"])
        assert process(supervisor)["state"] == "running"

    def test_what_was_removed_is_not_started_with_its_group(self, home: Home, supervisor: SupervisorClient) -> None:
        copies = [replace(sleeper(home, name), group="sleeper") for name in ("sleeper", "sleeper.2")]
        supervisor.add(copies)
        pid = process(supervisor, "sleeper.2")["pid"]
        supervisor.remove(["sleeper.2"])
        supervisor.start(["sleeper"])
        assert [each["name"] for each in supervisor.processes()] == ["sleeper"]
        assert not psutil.pid_exists(pid)
        supervisor.add(copies)
        assert process(supervisor, "sleeper.2")["state"] == "running"

    def test_what_does_not_drain_is_killed(self, home: Home, supervisor: SupervisorClient, until: Until) -> None:
        deaf = ("/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done")
        supervisor.add([ProcessSpec("deaf", "deaf", {}, deaf, log=str(home.log("deaf")), drain_seconds=0.2)])
        until(lambda: "deaf" in home.log("deaf").read_text())
        supervisor.stop(["deaf"])
        assert process(supervisor, "deaf")["lastExit"] == "signal SIGKILL"


class TestEnd:
    def test_nothing_outlives_it(self, home: Home, supervisor: SupervisorClient, until: Until) -> None:
        supervisor.add([sleeper(home)])
        pid = process(supervisor)["pid"]
        supervisor.end()
        assert not psutil.pid_exists(pid)
        assert not supervisor.is_running()

    def test_a_killed_supervisor_leaves_no_orphan(self, home: Home, supervisor: SupervisorClient, until: Until) -> None:
        supervisor.add([sleeper(home)])
        pid = process(supervisor)["pid"]
        os.kill(supervisor.status()["pid"], signal.SIGKILL)
        until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
        assert not supervisor.is_running()


class TestPreload:
    def test_a_service_starts_as_a_fork_that_shares_what_is_imported(
        self, home: Home, supervisor: SupervisorClient, until: Until
    ) -> None:
        supervisor.preload()
        supervisor.add([sleeper(home)])
        pid = process(supervisor)["pid"]
        until(lambda: Path(f"/proc/{pid}/comm").read_text() == "mh-sleeper\n")
        memory = psutil.Process(pid).memory_full_info()
        assert memory.uss < memory.rss / 2  # its own; the rest is the supervisor's, too

    def test_without_it_an_interpreter_of_its_own_starts(
        self, home: Home, supervisor: SupervisorClient, until: Until
    ) -> None:
        supervisor.add([sleeper(home)])
        pid = process(supervisor)["pid"]
        until(lambda: b"dev.supervisor.call" in Path(f"/proc/{pid}/cmdline").read_bytes())

    def test_an_edited_source_is_noticed(self, tmp_path: Path) -> None:
        source = tmp_path / "edited.py"
        source.write_text("")
        assert changed_at(str(source)) == source.stat().st_mtime
        assert changed_at(str(tmp_path / "gone.py")) == float("inf")


class TestFork:
    def test_a_child_sees_its_own_environment_only(
        self, home: Home, supervisor: SupervisorClient, until: Until
    ) -> None:
        supervisor.add([sleeper(home)])
        supervisor.preload()
        printer = ProcessSpec(
            "printer", "printer", {"MARK": "seen", "PATH": os.defpath}, ("/usr/bin/env",), log=str(home.log("env"))
        )
        supervisor.add([printer])
        until(lambda: "MARK=seen" in home.log("env").read_text())
        assert "PWD" not in home.log("env").read_text()

    @pytest.mark.parametrize("is_preloaded", [False, True])
    def test_a_child_stands_back_as_far_as_it_is_told(
        self, home: Home, supervisor: SupervisorClient, until: Until, is_preloaded: bool
    ) -> None:
        if is_preloaded:
            supervisor.preload()
        supervisor.add([replace(sleeper(home), niceness=7)])
        pid = process(supervisor)["pid"]
        until(lambda: psutil.Process(pid).nice() == 7)
        group = Path(f"/proc/{pid}/autogroup")
        if group.exists():
            until(lambda: group.read_text().endswith(" nice 7\n"))

    def test_a_deep_home_is_reached(self, tmp_path: Path) -> None:
        from dev.supervisor.client import launch

        home = Home(tmp_path / ("deep" * 30) / "home", 20000)
        home.make()
        client = launch(home)
        assert client.processes() == []
        client.end()


class TestWords:
    def test_backoff_doubles_up_to_half_a_minute(self) -> None:
        assert [backoff_seconds(failures) for failures in (1, 2, 3)] == [0.5, 1.0, 2.0]
        assert backoff_seconds(40) == LONGEST_PAUSE_SECONDS

    def test_a_server_comes_back_at_once_however_often_it_falls(self) -> None:
        spec = ProcessSpec("server", "server", {}, longest_pause_seconds=SERVER_PAUSE_SECONDS)
        watched = Watched(ProcessSpec.from_json(spec.to_json()), lambda _: 2**22 + 1)
        watched.start(0.0)
        for _ in range(8):
            watched.ended(signal.SIGKILL, 1.0)
            assert watched.due() == 1.0 + SERVER_PAUSE_SECONDS
            watched.tick(2.0)

    def test_a_service_that_is_asked_for_again_does_not_wait_for_its_earlier_falls(self) -> None:
        watched = Watched(ProcessSpec("service", "service", {}), lambda _: 2**22 + 1)
        watched.start(0.0)
        for number in range(1, 6):
            watched.ended(signal.SIGKILL, 1.0)
            assert watched.due() == 1.0 + backoff_seconds(number)
            watched.tick(40.0)
        watched.start(50.0)
        watched.ended(signal.SIGKILL, 51.0)
        assert watched.due() == 51.0 + backoff_seconds(1)

    def test_an_exit_is_told_in_words(self) -> None:
        assert describe_exit(3 << 8) == "code 3"
        assert describe_exit(signal.SIGTERM) == "signal SIGTERM"

    def test_a_spec_survives_the_wire_and_hides_its_environment(self) -> None:
        spec = ProcessSpec("a", "b", {"KEY": "secret"}, ("x",), ports=(1, 2))
        assert ProcessSpec.from_json(spec.to_json()) == spec
        assert "secret" not in repr(spec)
