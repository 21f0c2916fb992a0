"""Every operation of PayPal's that the sandbox speaks, by method and path, with the name that faults call it by."""

import re
from dataclasses import dataclass

from dev.sandbox.paypal import movements, orders, vault, webhooks
from dev.sandbox.paypal.ledger import Run

_ORDERS, _PAYMENTS = "/v2/checkout/orders", "/v2/payments"
_TOKENS, _HOOKS = "/v3/vault/payment-tokens", "/v1/notifications/webhooks"
TOKEN_PATH = "/v1/oauth2/token"

_TABLE: dict[tuple[str, str], tuple[str, Run]] = {
    ("POST", _ORDERS): ("orders.create", orders.create),
    ("GET", f"{_ORDERS}/:id"): ("orders.get", orders.retrieve),
    ("PATCH", f"{_ORDERS}/:id"): ("orders.patch", orders.update),
    ("POST", f"{_ORDERS}/:id/confirm-payment-source"): ("orders.confirm", orders.confirm),
    ("POST", f"{_ORDERS}/:id/authorize"): ("orders.authorize", orders.authorize),
    ("POST", f"{_ORDERS}/:id/capture"): ("orders.capture", orders.capture),
    ("GET", f"{_PAYMENTS}/authorizations/:id"): ("authorizations.get", movements.authorization),
    ("POST", f"{_PAYMENTS}/authorizations/:id/capture"): ("authorizations.capture", movements.capture_authorization),
    ("POST", f"{_PAYMENTS}/authorizations/:id/reauthorize"): ("authorizations.reauthorize", movements.reauthorize),
    ("POST", f"{_PAYMENTS}/authorizations/:id/void"): ("authorizations.void", movements.void),
    ("GET", f"{_PAYMENTS}/captures/:id"): ("captures.get", movements.capture),
    ("POST", f"{_PAYMENTS}/captures/:id/refund"): ("captures.refund", movements.refund_capture),
    ("GET", f"{_PAYMENTS}/refunds/:id"): ("refunds.get", movements.refund),
    ("GET", _TOKENS): ("tokens.list", vault.listing),
    ("GET", f"{_TOKENS}/:id"): ("tokens.get", vault.retrieve),
    ("DELETE", f"{_TOKENS}/:id"): ("tokens.delete", vault.remove),
    ("POST", _HOOKS): ("webhooks.create", webhooks.create),
    ("GET", _HOOKS): ("webhooks.list", webhooks.listing),
    ("GET", f"{_HOOKS}/:id"): ("webhooks.get", webhooks.retrieve),
    ("PATCH", f"{_HOOKS}/:id"): ("webhooks.patch", webhooks.update),
    ("DELETE", f"{_HOOKS}/:id"): ("webhooks.delete", webhooks.remove),
    ("POST", "/v1/notifications/verify-webhook-signature"): ("webhooks.verify", webhooks.verify),
}


@dataclass(frozen=True)
class Operation:
    """What a request asks for: `id` is empty where its path has none."""

    name: str
    run: Run
    id: str


_PATTERNS = [
    (method, re.compile(path.replace(":id", "([^/]+)")), name, run) for (method, path), (name, run) in _TABLE.items()
]


def find_operation(method: str, path: str) -> Operation | None:
    """The operation at a path; None where PayPal has none there."""
    for known, pattern, name, run in _PATTERNS:
        found = pattern.fullmatch(path)
        if found and known == method:
            return Operation(name, run, found[1] if found.groups() else "")
    return None
