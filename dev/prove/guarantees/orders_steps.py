"""The steps of an order from one service to the next, and where in the code each of them takes effect."""

from dataclasses import dataclass

from dev.prove.faults.points import Point

PRICE = 1999
"""What one piece costs: the number of pieces tells there whose work it is."""

_RESERVING = "services/inventory/service/reserving.py"
_TAKING = "services/inventory/service/taking.py"
_BY_STOCK = "reservation.demand[0].quantity"
_BY_MONEY = f"payment.amount.amount // {PRICE}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step with the line that has its effect. ``undoes``: a step of the way back."""

    name: str
    service: str
    file: str
    line: str
    label: str
    when: str = "True"
    undoes: bool = False

    def points(self) -> list[Point]:
        """Right before the effect, and right after."""
        return [
            Point(f"{self.name} {where}", self.file, self.line, where, self.label, self.when)
            for where in ("before", "after")
        ]


STEPS = (
    Step(
        "reserve", "inventory", _RESERVING,
        "        held, shortages = await self._take_patiently(reservation)", _BY_STOCK,
    ),
    Step(
        "charge", "payment", "services/payment/service/charging.py",
        "            outcome = await (await self._on.providers.of(payment)).charge(payment, instrument)", _BY_MONEY,
    ),
    Step(
        "confirm", "sales", "services/sales/service/saga.py",
        "        await orders.save(order, handled=event_id)", "order.items[0].quantity",
        when='order.status == "confirmed"',
    ),
    Step(
        "deduct", "inventory", _TAKING,
        "        await self._stock.for_company(company_id).deduct("
        'reservation, self._movements(reservation, "sold", -1))', _BY_STOCK,
    ),
    Step(
        "debt", "debt", "services/debt/service.py",
        "            await debts.insert(debt)", f"amount.amount // {PRICE}",
    ),
    Step(
        "mail", "notification", "services/notification/clients/smtp.py",
        "            await connection.send_message(mail)", "message.to", when='"confirmed" in message.subject.lower()',
    ),
    Step(
        "release", "inventory", _RESERVING,
        "        await stock.give_back(reservation, lines)", _BY_STOCK, undoes=True,
    ),
    Step(
        "restock", "inventory", _TAKING,
        '        await self._enter(reservation, self._movements(reservation, "returned", 1))', _BY_STOCK, undoes=True,
    ),
    Step(
        "refund", "payment", "services/payment/service/refunding.py",
        "            outcome = await (await self._on.providers.of(payment)).refund(payment, refund)", _BY_MONEY,
        undoes=True,
    ),
)  # fmt: skip
SERVICES = ("sales", "inventory", "payment", "debt", "notification")

UNDONE_BY = {
    "inventory.reserved": ("inventory.released", "inventory.restocked"),
    "payment.succeeded": ("payment.refunded",),
    "order.confirmed": ("order.cancelled",),
    "inventory.deducted": ("inventory.restocked",),
    "debt.created": ("debt.written_off",),
}
"""Each fact of the way there, and those of the way back that undo it."""
