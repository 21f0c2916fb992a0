"""Taking or letting go of money that is held, by staff."""

from common.errors import Conflict, InvalidTransition
from common.identity.principal import Principal
from common.money import Money
from services.payment.domain import Payment
from services.payment.service.charging import Charging
from services.payment.service.foundation import Foundation, decide


class Capturing:
    """POST /api/payments/{id}/capture and …/void."""

    def __init__(self, on: Foundation, charging: Charging) -> None:
        self._on = on
        self._charging = charging

    async def capture(self, who: Principal, payment_id: str, amount: Money | None, request_id: str) -> Payment:
        """Take what is held, or a part of it; the rest is let go. The same ``request_id`` again finds the first.

        Raises NotFound, InvalidTransition, Conflict ``capture_exceeds_authorized``, ``capture_in_progress``,
        or ``capture_refused`` with the provider's code.
        """

        async def work() -> Payment:
            account, payment = await self._on.together(await self._mine(who, payment_id))
            if payment.request_id == request_id:
                return payment  # this very request ran before, up to its commit
            if account.ended:
                raise InvalidTransition("The order has ended; what is held goes back.")
            payment.begin_capture(amount, self._on.clock.now())
            payment.request_id = request_id
            await self._on.books.commit(account, [payment])
            return payment

        payment = await decide(work)
        if payment.status == "authorized" and payment.capturing is not None:
            payment = await self._charging.take(payment)
        if payment.status == "authorized" and payment.capturing is None and payment.failure is not None:
            message = "The provider did not let it be captured."
            raise Conflict("capture_refused", message, providerCode=payment.failure.code)
        if payment.status in ("voided", "expired", "failed"):
            raise InvalidTransition(f"The payment is {payment.status} by now.")
        return payment

    async def void(self, who: Principal, payment_id: str) -> Payment:
        """Let go of a payment before its money moves; again: the same answer.

        Raises NotFound, InvalidTransition, Conflict ``payment_in_progress`` while its charge is under way,
        Unavailable when the provider does not answer.
        """
        account, payment = await self._on.together(await self._mine(who, payment_id))
        if payment.status == "voided":
            return payment
        if payment.status == "processing" or payment.capturing is not None:
            raise Conflict("payment_in_progress", "The provider is being asked for this money right now.")
        if payment.status == "pending" and account.active == payment.id:
            return await self._charging.give_up(payment)
        if payment.status not in ("requires_action", "authorized"):
            raise InvalidTransition(f"A {payment.status} payment cannot be voided.")
        released = await self._charging.release(payment)
        if released.status not in ("voided", "expired"):
            raise InvalidTransition(f"The payment is {released.status} by now.")
        return released

    async def _mine(self, who: Principal, payment_id: str) -> Payment:
        payment = await self._on.payments.for_company(who.tenant).get(payment_id)
        who.require_shop(payment.shop_id, "payment")
        return payment
