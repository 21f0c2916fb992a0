"""Mails through a real SMTP client."""

from email.message import EmailMessage

import aiosmtplib
import pytest

from .conftest import Sandbox


def mail(to: str, *, message_id: str = "<m-1@markethall.test>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "shop@markethall.test", to
    message["Subject"], message["Message-ID"] = "Ihre Bestellung ist bezahlt – danke", message_id
    message.set_content("Order 7 is paid: £19.99")
    message.add_alternative("<p>Order 7 is <b>paid</b>: £19.99</p>", subtype="html")
    return message


async def send(sandbox: Sandbox, message: EmailMessage) -> None:
    await aiosmtplib.send(message, hostname="127.0.0.1", port=sandbox.smtp_port)


class TestMail:
    async def test_is_kept_and_counted_once_by_message_id(self, sandbox: Sandbox) -> None:
        await send(sandbox, mail("Anna@example.test"))
        await send(sandbox, mail("Anna@example.test"))
        await send(sandbox, mail("ben@example.test", message_id="<m-2@markethall.test>"))
        found = await sandbox.get("/_sandbox/mails", to="anna@example.test")
        assert (found["total"], found["distinctMessageIds"]) == (2, 1)
        kept = found["items"][0]
        assert kept["subject"] == "Ihre Bestellung ist bezahlt – danke"
        assert kept["text"].strip() == "Order 7 is paid: £19.99" and "<b>paid</b>" in kept["html"]
        assert kept["to"] == ["anna@example.test"] and kept["from"] == "shop@markethall.test"
        counts = await sandbox.get("/_sandbox/counts")
        assert (counts["mails"], counts["distinctMessageIds"]) == (3, 2)

    async def test_survives_a_kill(self, sandbox: Sandbox) -> None:
        await send(sandbox, mail("anna@example.test"))
        sandbox.kill()
        await sandbox.start()
        assert (await sandbox.get("/_sandbox/mails", messageId="<m-1@markethall.test>"))["total"] == 1

    async def test_signing_in_is_possible(self, sandbox: Sandbox) -> None:
        await aiosmtplib.send(
            mail("anna@example.test"),
            hostname="127.0.0.1",
            port=sandbox.smtp_port,
            username="any",
            password="any",
            start_tls=False,
        )
        assert (await sandbox.get("/_sandbox/counts"))["mails"] == 1


class TestRecipient:
    async def test_bounces(self, sandbox: Sandbox) -> None:
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as caught:
            await send(sandbox, mail("bounce-7@example.test"))
        assert caught.value.recipients[0].code == 550
        assert (await sandbox.get("/_sandbox/counts"))["mails"] == 0

    async def test_is_deferred_twice(self, sandbox: Sandbox) -> None:
        for _ in range(2):
            with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as caught:
                await send(sandbox, mail("defer-7@example.test"))
            assert caught.value.recipients[0].code == 451
        await send(sandbox, mail("defer-7@example.test"))
        assert (await sandbox.get("/_sandbox/mails", to="defer-7@example.test"))["total"] == 1
