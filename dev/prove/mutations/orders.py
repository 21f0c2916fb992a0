"""What rows 4, 13 and 14 rest on, taken away."""

from dev.prove.mutations.mutation import Edit, Mutation

_IDEMPOTENCY = "libs/common/web/idempotency.py"
_POSTING = ("sales", "inventory", "payment")

MUTATIONS = [
    Mutation(
        "order-deadline",
        "the sweeper that ends overdue orders",
        4,
        ("sales",),
        (
            Edit(
                "services/sales/service/sweeper.py",
                "overdue = await self._orders.overdue(now, BATCH)",
                "overdue = (await self._orders.overdue(now, BATCH))[:0]",
            ),
        ),
    ),
    Mutation(
        "late-payment-returned",
        "money of a cancelled order sent back",
        4,
        ("payment",),
        (
            Edit(
                "services/payment/service/orders.py",
                "        if payment.refundable.amount > 0:\n            payment.begin_refund(new_id",
                "        if payment.refundable.amount < 0:\n            payment.begin_refund(new_id",
            ),
            Edit("services/payment/service/charging.py", "        if back > 0:", "        if back < 0:"),
        ),
    ),
    Mutation(
        "reservation-taken-up",
        "the sweeper that goes on where a killed worker left a reservation",
        13,
        ("inventory",),
        (
            Edit(
                "services/inventory/store/reservations.py",
                'criteria = {"wakeAt": {"$gt": EPOCH}, "$expr": _RUN_OUT}',
                'criteria = {"wakeAt": {"$gt": EPOCH}, "state": "held", "$expr": _RUN_OUT}',
            ),
            Edit(
                "services/inventory/store/reservations.py",
                'again = {"$and": [{"$eq": ["$state", reservation.state]}, _RUN_OUT]}',
                'again = {"$and": [{"$eq": ["$state", "nowhere"]}, _RUN_OUT]}',
            ),
        ),
    ),
    Mutation(
        "restock-step",
        "the step that puts deducted goods of a cancelled order back",
        13,
        ("inventory",),
        (
            Edit(
                "services/inventory/service/taking.py",
                'returned = await reservations.claim(order_id, ("deducted",), "restocking")',
                "returned = None",
            ),
            Edit(
                "services/inventory/service/taking.py",
                '        elif known.state in ("held", "deducted"):',
                '        elif known.state == "held":',
            ),
        ),
    ),
    Mutation(
        "restock-once",
        "the look at which movements are entered already, when a restock is taken up again",
        13,
        ("inventory",),
        (
            Edit(
                "services/inventory/service/taking.py",
                "complete = not reservation.resumed and await stock.move(reservation, movements)",
                "complete = await stock.move(reservation, {key: one | {'_id': one['_id'] + reservation.token} "
                "for key, one in movements.items()})",
            ),
        ),
    ),
    Mutation(
        "idempotency-claim",
        "the claim of an idempotency key",
        14,
        _POSTING,
        (Edit(_IDEMPOTENCY, '"_id": f"{caller}|{key}",', '"_id": f"{caller}|{key}|{sortable_part()}",'),),
    ),
    Mutation(
        "idempotency-body",
        "the comparison with the first request's body",
        14,
        _POSTING,
        (
            Edit(
                _IDEMPOTENCY,
                'if first["fingerprint"] != claim["fingerprint"]:',
                'if not first["fingerprint"]:',
            ),
        ),
    ),
    Mutation(
        "idempotency-seed",
        "ids that are the same again when a broken-off request runs anew",
        14,
        _POSTING,
        (
            Edit(
                _IDEMPOTENCY,
                'return Claim(str(first["seed"]), is_first=False)',
                'return Claim(str(claim["seed"]), is_first=False)',
            ),
        ),
    ),
    Mutation(
        "idempotency-answer",
        "the first answer kept beside the key",
        14,
        _POSTING,
        (
            Edit(
                _IDEMPOTENCY,
                '            raise Replayed(from_json(self._sealer.open(first["answer"])))',
                '            return Claim(str(first["seed"]), is_first=False)',
            ),
        ),
    ),
]
