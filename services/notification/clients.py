"""The outside: a mail server spoken to over SMTP, through connections that stay open."""

import asyncio
from email.message import EmailMessage
from typing import Protocol

import aiosmtplib

from services.notification.domain import Notification
from services.notification.settings import Settings

DEADLINE_SECONDS = 15
MESSAGE_ID_DOMAIN = "markethall.example"


class Refused(Exception):
    """The recipient's server refused the message for good (a 5yz reply)."""


class NotHandedOver(Exception):
    """The mail server could not be reached, or asked to come again (a 4yz reply)."""


class MailPort(Protocol):
    """Whoever takes a message on its way."""

    async def send(self, notification: Notification) -> None:
        """Hand over one message. Raises Refused or NotHandedOver."""
        ...


class SmtpMail:
    """SMTP over a few kept connections. The Message-ID is fixed, so that a repetition can be recognised."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: asyncio.LifoQueue[aiosmtplib.SMTP | None] = asyncio.LifoQueue()
        for _ in range(settings.senders):
            self._idle.put_nowait(None)

    async def send(self, notification: Notification) -> None:
        """Hand over one message. Raises Refused or NotHandedOver."""
        try:
            message = _message(notification, self._settings.smtp_sender)
        except ValueError as error:  # a line break in a header, an address that is none
            raise Refused(f"cannot be written as a mail: {error}") from error
        connection = await self._idle.get()
        try:
            if connection is None or not connection.is_connected:
                connection = await self._connect()
            await connection.send_message(message)
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
            raise _verdict(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            connection = None
            raise NotHandedOver(repr(error)) from error
        finally:
            self._idle.put_nowait(connection)

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


def _message(notification: Notification, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = notification.recipient.address
    message["Subject"] = notification.subject
    message["Date"] = notification.created_at
    message["Message-ID"] = f"<{notification.id}@{MESSAGE_ID_DOMAIN}>"
    message.set_content(notification.body)
    return message


def _verdict(error: aiosmtplib.SMTPResponseException | aiosmtplib.SMTPRecipientsRefused) -> Exception:
    replies = error.recipients if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else [error]
    text = "; ".join(f"{reply.code} {reply.message}" for reply in replies)[:300]
    if any(500 <= reply.code < 600 for reply in replies):
        return Refused(text)
    return NotHandedOver(text)
