"""What becomes of a message after it left: a provider's reports, and the recipient who opens it."""

from collections.abc import Mapping

from common.clock import Clock
from common.errors import BadRequest, Conflict, Forbidden
from common.web.etag import again_when_overtaken
from services.notification.clients import TwilioSms
from services.notification.domain import Notification
from services.notification.domain.reports import DEAD_NUMBER_CODES, is_further, is_known, outcome_of
from services.notification.service.suppressing import Suppressing
from services.notification.store import EarlyReports, Notifications


class Tracking:
    """Reports in any order, any number of times: a message's state only ever moves forward."""

    def __init__(
        self,
        notifications: Notifications,
        reports: EarlyReports,
        suppressing: Suppressing,
        twilio: TwilioSms | None,
        clock: Clock,
    ) -> None:
        self._notifications = notifications.for_platform()
        self._reports = reports
        self._suppressing = suppressing
        self._twilio = twilio
        self._clock = clock

    async def take_twilio(self, parameters: Mapping[str, str], signature: str | None) -> None:
        """One status callback. Raises Forbidden for a wrong signature, BadRequest for what is no callback.

        It is stored first and looked up second, as the sender stores the message's id first and looks for
        reports second: whichever of the two comes later finds the other.
        """
        if self._twilio is None:
            raise Conflict("channel_not_configured", "Text messages are not set up here.")
        if not signature or not self._twilio.is_genuine(dict(parameters), signature):
            raise Forbidden("invalid_signature", "This was not signed with our key.")
        sid, status = parameters.get("MessageSid", ""), parameters.get("MessageStatus", "")
        if parameters.get("AccountSid") != self._twilio.account_sid:
            raise Forbidden("invalid_signature", "This is about another account.")
        if not sid or not is_known(status):
            raise BadRequest("invalid_callback", "MessageSid and a known MessageStatus are needed.")
        await self._reports.keep(sid, status, parameters.get("ErrorCode") or None, self._clock.now())
        await self.settle(sid)

    async def settle(self, provider_id: str) -> None:
        """Take what was reported about one message, as far as the message is known."""
        if not (reports := await self._reports.of(provider_id)):
            return

        async def take() -> bool:
            found = await self._notifications.find_one({"attempts.providerId": provider_id})
            if found is None:
                return False
            for status, error in reports:
                await self._take(found, provider_id, status, error)
            return True

        if await again_when_overtaken(take):
            await self._reports.forget(provider_id, [status for status, _ in reports])

    async def _take(self, notification: Notification, provider_id: str, status: str, code: str | None) -> None:
        attempt = next(each for each in notification.attempts if each.provider_id == provider_id)
        if not is_further(status, attempt.reported):
            return
        error = f"{status}, code {code}" if code else status
        if notification.take_report(self._clock.now(), provider_id, status, outcome_of(status), error):
            await self._notifications.save(notification)
        if code in DEAD_NUMBER_CODES:
            address = notification.contacts.phone or notification.recipient.address or ""
            await self._suppressing.note(notification, attempt.channel, address, error)
