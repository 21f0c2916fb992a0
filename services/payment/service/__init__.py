"""Use cases of the payment service, split by noun."""

from services.payment.service.assembly import PaymentService, declare, lay_foundation
from services.payment.service.foundation import decide
from services.payment.service.reading import PaymentFilter

__all__ = ["PaymentFilter", "PaymentService", "decide", "declare", "lay_foundation"]
