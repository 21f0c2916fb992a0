"""Mail: a server spoken to over SMTP, through connections that stay open."""

import asyncio
from email.message import EmailMessage

import aiosmtplib

from services.notification.clients.port import DEADLINE_SECONDS, NotHandedOver, Refused
from services.notification.domain import Outgoing, Receipt
from services.notification.settings import Settings

MESSAGE_ID_DOMAIN = "markethall.example"
DEAD_CODES = frozenset({550, 551, 553})
"""Replies to a recipient that say that there is no such mailbox."""


class SmtpMail:
    """SMTP over a few kept connections. The Message-ID is fixed, so that a repetition can be recognised."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: asyncio.LifoQueue[aiosmtplib.SMTP | None] = asyncio.LifoQueue()
        for _ in range(settings.senders):
            self._idle.put_nowait(None)

    async def send(self, message: Outgoing, *, repeated: bool) -> Receipt:
        """Hand over one mail. Raises Refused or NotHandedOver."""
        try:
            mail = _mail(message, self._settings.smtp_sender)
        except (ValueError, IndexError) as error:  # a line break in a header, an address without its end
            raise Refused(f"cannot be written as a mail: {error}") from error
        connection = await self._idle.get()
        kept: aiosmtplib.SMTP | None = None
        try:
            if connection is None or not connection.is_connected:
                connection = await self._connect()
            await connection.send_message(mail)
            kept = connection
        except ValueError as error:  # no address that a mail server could be given
            kept = connection
            raise Refused(f"cannot be sent as a mail: {error}") from error
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
            kept = connection
            raise _verdict(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise NotHandedOver(repr(error), unsure=not isinstance(error, aiosmtplib.SMTPConnectError)) from error
        finally:
            # After a cancellation too: a connection in the middle of a mail is of no use to the next one.
            if connection is not None and kept is None:
                connection.close()
            self._idle.put_nowait(kept)
        return Receipt()

    async def close(self) -> None:
        """Take leave of the mail server."""
        while not self._idle.empty():
            connection = self._idle.get_nowait()
            if connection is not None and connection.is_connected:
                connection.close()

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        connection = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            timeout=DEADLINE_SECONDS,
            start_tls=settings.smtp_start_tls,
        )
        await connection.connect()
        if settings.smtp_username and settings.smtp_password:
            await connection.login(settings.smtp_username, settings.smtp_password.get_secret_value())
        return connection


def _mail(message: Outgoing, sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.to
    mail["Subject"] = message.subject
    mail["Date"] = message.created_at
    mail["Message-ID"] = f"<{message.tag}@{MESSAGE_ID_DOMAIN}>"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    return mail


def _verdict(error: aiosmtplib.SMTPResponseException | aiosmtplib.SMTPRecipientsRefused) -> Exception:
    at_recipient = isinstance(error, aiosmtplib.SMTPRecipientsRefused)
    replies = error.recipients if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else [error]
    text = "; ".join(f"{reply.code} {reply.message}" for reply in replies)[:300]
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return NotHandedOver(text)  # our fault, not the recipient's: it stays until somebody mends the settings
    if any(500 <= reply.code < 600 for reply in replies):
        return Refused(text, dead_address=at_recipient and any(reply.code in DEAD_CODES for reply in replies))
    return NotHandedOver(text)
