"""The command line: one subcommand a thing that an operator does."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from dev.home import Home, OperatorError

Command = Callable[[argparse.Namespace, Home, Console], int]
PASSED_THROUGH = {"bench": "bench.command", "demo": "dev.demo", "prove": "dev.prove", "replay": "dev.replay"}
"""Commands that read their own arguments, and where each is."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code. What went wrong is one sentence on standard error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in PASSED_THROUGH:
            return int(importlib.import_module(PASSED_THROUGH[given[0]]).run(given[1:]))
        chosen = _parser().parse_args(given)
        command: Command = chosen.command
        return command(chosen, Home.from_environment(), Console(highlight=False))
    except OperatorError as error:
        print(f"markethall: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./markethall", description="Runs the Markethall suite.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = _add(commands, "up", _up, "start servers and services, or what is missing of them")
    up.add_argument("--only", metavar="NAME,…", help="only these services")
    up.add_argument("--workers", action="append", default=[], metavar="NAME=N", help="N copies of a service")
    status = _add(commands, "status", _status, "what runs, where, and how it is")
    status.add_argument("--json", action="store_true", help="for programs")
    logs = _add(commands, "logs", _logs, "what a process wrote; of all when none is named")
    logs.add_argument("name", nargs="?", metavar="NAME")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as it is written")
    logs.add_argument("-n", "--lines", type=int, default=50, help="how many lines back (50)")
    for verb in ("restart", "stop", "start"):
        each = _add(commands, verb, _control, f"{verb} one service, all its copies")
        each.set_defaults(verb=verb)
        each.add_argument("name", nargs="+", metavar="NAME")
    _add(commands, "down", _down, "end services and servers; the data stays")
    _add(commands, "reset", _reset, "down, then delete data, logs and secrets")
    dead = _add(commands, "dead", _dead, "messages that failed for good, and why")
    dead.add_argument("service", nargs="?", metavar="SERVICE")
    dead.add_argument("--replay", action="store_true", help="send them to their service again")
    dead.add_argument("--json", action="store_true", help="for programs")
    _add_explain(commands)
    routes = _add(commands, "routes", _routes, "every address, its permission, its other names, what is to come")
    routes.add_argument("--json", action="store_true", help="for programs")
    walk = _add(commands, "walk", _walk, "attack the running suite: every route by every kind of caller")
    walk.add_argument("--only", metavar="TEXT", help="routes that contain this, such as /api/orders")
    walk.add_argument("--json", metavar="FILE", help="write the report, for programs")
    walk.add_argument("--publish", action="store_true", help="show every company how it went")
    audit = _add(commands, "audit", _audit, "check an exported audit log, without any server")
    audit.add_argument("verb", choices=["verify"])
    audit.add_argument("file", metavar="FILE", help="what GET /api/audit/export answered")
    audit.add_argument("--key", action="append", default=[], metavar="KEY", help="a public key to trust, base64url")
    audit.add_argument("--checkpoints", metavar="FILE", help="checkpoints that were kept elsewhere")
    _operations(commands)
    client = _add(commands, "client", _client, "write a typed client of every address; needs no running suite")
    client.add_argument("folder", metavar="DIR", help="the package markethall_client is written there")
    client.add_argument("--language", default="python", help="python")
    test = _add(commands, "test", _test, "every check and test, from nothing, servers included")
    test.add_argument("rest", nargs="*", metavar="PYTEST_ARGUMENT", help="after `--`: for pytest")
    commands.add_parser("bench", help="what each operation costs, beside the same work with nothing but the drivers")
    commands.add_parser("demo", help="up, then generated shops and a live minute of trade")
    commands.add_parser("prove", help="every guarantee under real faults, on a suite of its own, with a report")
    commands.add_parser("replay", help="the main job on real invoices, reconciled to the cent")
    return parser


def _operations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backup = _add(commands, "backup", _backup, "the whole suite at one moment in one file, while it is in use")
    backup.add_argument("target", metavar="FILE|DIR", help="in a folder it is named by the time")
    backup.add_argument("--passphrase-file", metavar="FILE", help="encrypt with the passphrase in its first line")
    backup.add_argument("--every", metavar="60s", help="one after another until interrupted; DIR holds them")
    backup.add_argument("--keep", type=int, default=10, metavar="N", help="with --every: the newest N (10)")
    backup.add_argument("--times", type=int, metavar="N", help="with --every: end after N")
    doctor = _add(commands, "doctor", _doctor, "what is wrong here, in plain words, with the command that helps")
    doctor.add_argument("--json", action="store_true", help="for programs")
    restore = _add(commands, "restore", _restore, "a suite from a backup, in a home that is empty")
    restore.add_argument("file", metavar="FILE", help="what `backup` wrote")
    restore.add_argument("--passphrase-file", metavar="FILE", help="where it is encrypted")
    restore.add_argument("--check", action="store_true", help="only read it and say whether it is whole")


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(command=command)
    return parser


def _add_explain(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    explain = _add(commands, "explain", _explain, "what became of one order, in every service, and what helps it on")
    explain.add_argument("order", metavar="ORDER", help="its id, or its number")
    explain.add_argument("--company", metavar="SLUG", help="whose, where several companies have that number")
    actions = explain.add_mutually_exclusive_group()
    actions.add_argument("--resume", action="store_true", help="make it go on: all that lies anywhere is sent again")
    actions.add_argument("--cancel", action="store_true", help="call it off, as the super admin")
    actions.add_argument("--refund", action="store_true", help="give back all that was captured, as the super admin")
    explain.add_argument("--reason", metavar="TEXT", help="why; it stands in the audit log")
    explain.add_argument("--json", action="store_true", help="for programs")


def _up(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.suite import Selection
    from dev.up import up
    from dev.welcome import welcome

    selection = Selection.parse(chosen.only, chosen.workers)
    up(home, selection, console)
    welcome(home, console)
    return 0


def _status(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.status import show

    return show(home, console, as_json=chosen.json)


def _logs(chosen: argparse.Namespace, home: Home, _console: Console) -> int:
    from dev.logs import show

    return show(home, chosen.name, lines=chosen.lines, follow=chosen.follow)


def _control(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.control import control

    return control(home, console, chosen.verb, chosen.name)


def _down(_chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.down import down

    return down(home, console)


def _reset(_chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.down import reset

    return reset(home, console)


def _dead(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.dead import dead

    return dead(home, console, chosen.service, replay=chosen.replay, as_json=chosen.json)


def _explain(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.explain import run

    return run(chosen, home, console)


def _routes(chosen: argparse.Namespace, _home: Home, console: Console) -> int:
    from dev.routes import show

    return show(console, as_json=chosen.json)


def _walk(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.walk.run import run

    return run(chosen, home, console)


def _audit(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.audit import verify

    return verify(chosen, home, console)


def _backup(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.backup.command import run

    return run(chosen, home, console)


def _restore(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.backup.restoring import run

    return run(chosen, home, console)


def _doctor(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    from dev.doctor import run

    return run(chosen, home, console)


def _client(chosen: argparse.Namespace, _home: Home, console: Console) -> int:
    from dev.client import run

    return run(chosen.folder, chosen.language, console)


def _test(chosen: argparse.Namespace, _home: Home, console: Console) -> int:
    from dev.testing import test

    return test(console, chosen.rest)
