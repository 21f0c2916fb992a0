"""Every operation of Stripe's API that the sandbox speaks, by method and path below /v1/."""

from dev.sandbox.stripe import (
    charges,
    confirmation,
    customers,
    events,
    payment_intents,
    payment_methods,
    refunds,
    webhook_endpoints,
)
from dev.sandbox.stripe.book import Run

OPERATIONS: dict[tuple[str, str], Run] = {
    ("POST", "payment_intents"): payment_intents.create,
    ("GET", "payment_intents"): payment_intents.listing,
    ("GET", "payment_intents/:id"): payment_intents.retrieve,
    ("POST", "payment_intents/:id"): payment_intents.update,
    ("POST", "payment_intents/:id/confirm"): confirmation.confirm,
    ("POST", "payment_intents/:id/capture"): payment_intents.capture,
    ("POST", "payment_intents/:id/cancel"): payment_intents.cancel,
    ("GET", "charges"): charges.listing,
    ("GET", "charges/:id"): charges.retrieve,
    ("POST", "refunds"): refunds.create,
    ("GET", "refunds"): refunds.listing,
    ("GET", "refunds/:id"): refunds.retrieve,
    ("POST", "refunds/:id"): refunds.update,
    ("POST", "payment_methods"): payment_methods.create,
    ("GET", "payment_methods"): payment_methods.listing,
    ("GET", "payment_methods/:id"): payment_methods.retrieve,
    ("POST", "payment_methods/:id/attach"): payment_methods.attach,
    ("POST", "payment_methods/:id/detach"): payment_methods.detach,
    ("POST", "customers"): customers.create,
    ("GET", "customers"): customers.listing,
    ("GET", "customers/:id"): customers.retrieve,
    ("POST", "customers/:id"): customers.update,
    ("DELETE", "customers/:id"): customers.remove,
    ("GET", "customers/:id/payment_methods"): customers.payment_methods,
    ("POST", "webhook_endpoints"): webhook_endpoints.create,
    ("GET", "webhook_endpoints"): webhook_endpoints.listing,
    ("GET", "webhook_endpoints/:id"): webhook_endpoints.retrieve,
    ("POST", "webhook_endpoints/:id"): webhook_endpoints.update,
    ("DELETE", "webhook_endpoints/:id"): webhook_endpoints.remove,
    ("GET", "events"): events.listing,
    ("GET", "events/:id"): events.retrieve,
    ("GET", "account"): events.account,
}


def find_operation(method: str, path: str) -> tuple[Run, str] | None:
    """The operation and the object id of a path below /v1/; None where there is none."""
    parts = path.strip("/").split("/")
    object_id = parts[1] if len(parts) > 1 else ""
    shape = "/".join([parts[0], ":id", *parts[2:]]) if object_id else parts[0]
    run = OPERATIONS.get((method, shape))
    return None if run is None else (run, object_id)
