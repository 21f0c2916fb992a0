"""What the rows about providers rest on."""

from dev.prove.mutations.mutation import Edit, Mutation

STRIPE, PAYPAL = "services/payment/clients/stripe.py", "services/payment/clients/paypal.py"

MUTATIONS = [
    Mutation(
        "stripe-charge-key",
        "the payment's id as Stripe's idempotency key",
        15,
        ("payment",),
        (Edit(STRIPE, '{"idempotency_key": payment.id})', "{})"),),
    ),
    Mutation(
        "stripe-refund-key",
        "the refund's id as Stripe's idempotency key",
        15,
        ("payment",),
        (Edit(STRIPE, '{"idempotency_key": refund.id})', "{})"),),
    ),
    Mutation(
        "paypal-refund-key",
        "the refund's id as PayPal's request id",
        15,
        ("payment",),
        (Edit(PAYPAL, '                "paypal_request_id": refund.id,\n', ""),),
    ),
    Mutation(
        "charge-repeated",
        "the sweeper that asks again for what nobody answered",
        15,
        ("payment",),
        (Edit("services/payment/service/sweeping.py", "if await self.sweep() < BATCH:", "if BATCH:"),),
    ),
    Mutation(
        "declines-counted",
        "the count of declines by where they come from",
        36,
        ("payment",),
        (
            Edit(
                "services/payment/service/charging.py",
                "await self._velocity.declined(payment.tried_from, payment.id)",
                "pass",
            ),
        ),
    ),
    Mutation(
        "declines-of-orders",
        "the place of whoever ordered, by which declines of orders that carry their payment are counted",
        36,
        ("payment",),
        (Edit("services/payment/service/orders.py", "            if by is not None:", "            if by is None:"),),
    ),
    Mutation(
        "tries-in-turn",
        "the turn that tries to pay wait for",
        36,
        ("payment",),
        (Edit("services/payment/service/velocity.py", "if is_room or not", "if True or not"),),
    ),
    Mutation(
        "stripe-signature",
        "the signature of Stripe's callbacks",
        19,
        ("payment",),
        (
            Edit(
                "services/payment/clients/stripe_events.py",
                "    _check_signature(body, signature, secret, now)\n    try:",
                "    try:",
            ),
        ),
    ),
    Mutation(
        "stripe-window",
        "the time after which a signature from the future is not believed",
        19,
        ("payment",),
        (
            Edit(
                "services/payment/clients/stripe_events.py",
                "if signed_at is None or int(signed_at[1]) > now.timestamp() + SIGNATURE_WINDOW_SECONDS:",
                "if signed_at is None:",
            ),
        ),
    ),
    Mutation(
        "paypal-signature",
        "the signature of PayPal's callbacks",
        19,
        ("payment",),
        (Edit(PAYPAL, "await self._signatures.check(headers, body, now)", "pass"),),
    ),
    Mutation(
        "twilio-signature",
        "the signature of Twilio's callbacks",
        19,
        ("notification",),
        (
            Edit(
                "services/notification/service/tracking.py",
                "if not signature or not self._twilio.is_genuine(dict(parameters), signature):",
                "if self._twilio is None:",
            ),
        ),
    ),
    Mutation(
        "text-only-forward",
        "the order of a text's reports",
        19,
        ("notification",),
        (
            Edit(
                "services/notification/service/tracking.py",
                "if not is_further(status, attempt.reported):",
                "if attempt.reported == status:",
            ),
        ),
    ),
]
