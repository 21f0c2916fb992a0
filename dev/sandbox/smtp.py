"""The SMTP server: takes every mail, except for recipients whose name asks to be refused."""

import asyncio
import socket
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from dev.sandbox.mailbox import Mailbox
from dev.sandbox.rules import ANSWER_FAULTS, RuleBoard

SIZE_LIMIT_BYTES = 10 * 1024 * 1024
SILENT_SECONDS = 3_600
HOSTNAME = "sandbox.markethall.test"


class Handler:
    """What happens to the commands of one connection; 250 is only said once the mail is kept."""

    def __init__(self, mailbox: Mailbox, rules: RuleBoard) -> None:
        self._mailbox = mailbox
        self._rules = rules

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or refuse it."""
        forced = self._rules.take("smtp", "rcpt", ("status",), named_only=True)
        if forced is not None:
            return f"{forced.status} Forced by a fault"
        refusal = await self._mailbox.consider(address)
        if refusal is not None:
            return f"{refusal.code} {refusal.text}"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail, and say so, unless a rule has it otherwise."""
        rule = self._rules.take("smtp", "data", (*ANSWER_FAULTS, "duplicate"))
        fault, seconds = (rule.fault, rule.seconds) if rule else (None, None)
        if fault == "status" and rule:
            return f"{rule.status} Forced by a fault"
        if fault == "dead_connection":
            await asyncio.sleep(SILENT_SECONDS if seconds is None else seconds)
        if fault in ("dead_connection", "drop_before"):
            raise _broken(server)
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        for _ in range(2 if fault == "duplicate" else 1):
            await self._mailbox.keep(sender=envelope.mail_from or "", recipients=list(envelope.rcpt_tos), raw=content)
        if fault == "drop_after":
            raise _broken(server)
        await asyncio.sleep(seconds or 0.0)
        return "250 OK: kept"


def _broken(server: SMTP) -> ConnectionResetError:
    """Reset the client's connection; what is raised ends the session."""
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
    return ConnectionResetError("broken by a fault")


def _let_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """Whoever signs in is let in: clients with credentials run unchanged, and none are kept."""
    return AuthResult(success=True)


async def start_smtp(mailbox: Mailbox, listening: socket.socket, rules: RuleBoard) -> asyncio.Server:
    """Answer on a socket that listens."""
    loop = asyncio.get_running_loop()
    handler = Handler(mailbox, rules)

    def connection() -> SMTP:
        return SMTP(
            handler,
            data_size_limit=SIZE_LIMIT_BYTES,
            enable_SMTPUTF8=True,
            hostname=HOSTNAME,
            ident="Markethall sandbox",
            authenticator=_let_in,
            auth_require_tls=False,
            loop=loop,
        )

    return await loop.create_server(connection, sock=listening)
