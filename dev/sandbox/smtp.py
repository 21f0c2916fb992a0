"""The SMTP server: takes every mail, except for recipients whose name asks to be refused."""

import asyncio
import socket
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from dev.sandbox.mailbox import Mailbox

SIZE_LIMIT_BYTES = 10 * 1024 * 1024
HOSTNAME = "sandbox.markethall.test"


class Handler:
    """What happens to the commands of one connection; 250 is only said once the mail is kept."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or refuse it."""
        refusal = await self._mailbox.consider(address)
        if refusal is not None:
            return f"{refusal.code} {refusal.text}"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        await self._mailbox.keep(sender=envelope.mail_from or "", recipients=list(envelope.rcpt_tos), raw=content)
        return "250 OK: kept"


def _let_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """Whoever signs in is let in: clients with credentials run unchanged, and none are kept."""
    return AuthResult(success=True)


async def start_smtp(mailbox: Mailbox, listening: socket.socket) -> asyncio.Server:
    """Answer on a socket that listens."""
    loop = asyncio.get_running_loop()
    handler = Handler(mailbox)

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
