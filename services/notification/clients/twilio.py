"""Text messages over Twilio's SDK."""

import asyncio
import logging
from datetime import timedelta

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from services.notification.clients.port import DEADLINE_SECONDS, NotHandedOver, Refused
from services.notification.domain import Outgoing, Receipt
from services.notification.domain.reports import DEAD_NUMBER_CODES
from services.notification.settings import Settings

CALLBACK_PATH = "/api/notifications/webhooks/twilio"
LOOKED_THROUGH = 50
OUR_FAULT = frozenset({401, 403, 404, 429})
"""Answers that say nothing about the recipient: a wrong key, a wrong account, too much at once."""


class TwilioSms:
    """Twilio has no idempotency key: before a repetition, what it already took for this number is looked at."""

    def __init__(self, settings: Settings) -> None:
        assert settings.twilio_account_sid and settings.twilio_auth_token, "only made where it is set up"
        self.account_sid = settings.twilio_account_sid
        self._token = settings.twilio_auth_token.get_secret_value()
        self._base = settings.twilio_api_base
        self._sender = settings.twilio_from
        self.callback_url = settings.public_url.rstrip("/") + CALLBACK_PATH
        self._validator = RequestValidator(self._token)
        self._http: AsyncTwilioHttpClient | None = None

    async def send(self, message: Outgoing, *, repeated: bool) -> Receipt:
        """Hand over one text message. Raises Refused or NotHandedOver."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                known = await self._taken_before(message) if repeated else None
                return Receipt(provider_id=known or await self._create(message))
        except TwilioRestException as error:
            raise _verdict(error) from error
        except aiohttp.ClientConnectorError as error:
            raise NotHandedOver(repr(error)) from error
        except (TwilioException, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise NotHandedOver(repr(error), unsure=True) from error

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    def is_genuine(self, parameters: dict[str, str], signature: str) -> bool:
        """Whether Twilio signed this callback: HMAC over our public address and the parameters."""
        return bool(self._validator.validate(self.callback_url, parameters, signature))

    async def _create(self, message: Outgoing) -> str:
        created = await self._client().messages.create_async(
            to=message.to, from_=self._sender, body=message.text, status_callback=self.callback_url
        )
        if not created.sid:
            raise NotHandedOver("the answer names no message", unsure=True)
        return str(created.sid)

    async def _taken_before(self, message: Outgoing) -> str | None:
        since = message.created_at - timedelta(minutes=1)
        listed = await self._client().messages.list_async(to=message.to, date_sent_after=since, limit=LOOKED_THROUGH)
        return next((str(each.sid) for each in listed if each.body == message.text), None)

    def _client(self) -> Client:
        """Made within the loop, so after the fork. The SDK's own log would show texts and numbers: it is silent."""
        if self._http is None:
            silent = logging.getLogger("notification.twilio")
            silent.setLevel(logging.WARNING)
            self._http = AsyncTwilioHttpClient(timeout=DEADLINE_SECONDS, logger=silent)
        client = Client(self.account_sid, self._token, http_client=self._http)
        if self._base:
            client.api.base_url = self._base.rstrip("/")
        return client


def _verdict(error: TwilioRestException) -> Exception:
    text = f"{error.status} {error.code}: {error.msg}"[:300]
    if 400 <= error.status < 500 and error.status not in OUR_FAULT:
        return Refused(text, dead_address=str(error.code) in DEAD_NUMBER_CODES)
    return NotHandedOver(text, unsure=error.status >= 500)
