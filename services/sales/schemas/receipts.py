"""Receipts of till sales."""

from datetime import datetime

from pydantic import ConfigDict, EmailStr

from common.events.parts import Tender
from common.money import Money
from common.web.schema import In, Out
from services.sales.domain.lines import Totals
from services.sales.domain.receipt import ReceiptLine, TaxLine


class ReceiptOut(Out):
    """A till sale for its buyer; ``taxes`` by rate, ``soldAt`` in the shop's own time."""

    sale_id: str
    number: str
    company_name: str
    shop_name: str
    sold_at: datetime
    customer_name: str | None
    lines: list[ReceiptLine]
    totals: Totals
    taxes: list[TaxLine]
    tenders: list[Tender]
    change: Money
    refunded: Money
    policy: str


class ReceiptMailIn(In):
    """Where the receipt goes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ann@example.com"}]})

    email: EmailStr


class ReceiptMailOut(Out):
    """The mail will be sent, once for this request."""

    request_id: str
    email: str


class ReceiptText(Out):
    """A receipt as 42 columns of text; for the service that mails it."""

    number: str
    shop_name: str
    text: str
