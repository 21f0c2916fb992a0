"""Who is told: https://developer.paypal.com/docs/api/webhooks/v1/."""

import json
import sqlite3
from urllib.parse import urlsplit

from dev.sandbox.paypal.ledger import EVERY_ACCOUNT, Answer, Call, Ledger, new_id
from dev.sandbox.paypal.refusals import Json, invalid, refusal
from dev.sandbox.paypal.signing import load_signer
from dev.sandbox.settings import PayPalSettings

WEBHOOK_LIMIT = 10
FROM_ENVIRONMENT = "environment"


def put_fixed(db: sqlite3.Connection, settings: PayPalSettings, now: float) -> None:
    """The webhook from the environment, in place of the one of the last start."""
    db.execute("DELETE FROM paypal_objects WHERE kind = 'webhook' AND parent = ?", (FROM_ENVIRONMENT,))
    if settings.webhook is not None:
        hook = {"id": settings.webhook.id, "url": settings.webhook.url, "event_types": [{"name": "*"}], "links": []}
        ledger = Ledger(db, settings.client_id or EVERY_ACCOUNT, now, "")
        ledger.add("webhook", hook, parent=FROM_ENVIRONMENT)


def create(ledger: Ledger, call: Call) -> Answer:
    """A new webhook."""
    hooks = ledger.listing("webhook")
    url = _url(call.body.get("url"))
    if any(hook["url"] == url for hook in hooks):
        raise refusal("INVALID_REQUEST", "WEBHOOK_URL_ALREADY_EXISTS", field="url")
    if len(hooks) >= WEBHOOK_LIMIT:
        raise refusal("INVALID_REQUEST", "WEBHOOK_NUMBER_LIMIT_EXCEEDED")
    hook = {"id": new_id(), "url": url, "event_types": _types(call.body.get("event_types"))}
    path = f"/v1/notifications/webhooks/{hook['id']}"
    hook["links"] = [ledger.link(path, rel, method) for rel, method in _LINKS]
    return Answer(ledger.add("webhook", hook), 201)


def listing(ledger: Ledger, call: Call) -> Answer:
    """All webhooks of the account."""
    return Answer({"webhooks": ledger.listing("webhook")})


def retrieve(ledger: Ledger, call: Call) -> Answer:
    """One webhook."""
    return Answer(ledger.get("webhook", call.id))


def update(ledger: Ledger, call: Call) -> Answer:
    """JSON Patch on `/url` and `/event_types`."""
    hook = ledger.get("webhook", call.id)
    for patch in call.body.get("patches", []):
        if patch.get("op") != "replace" or patch.get("path") not in ("/url", "/event_types"):
            raise invalid("INVALID_PARAMETER_VALUE", "path")
        name = patch["path"][1:]
        hook[name] = _url(patch.get("value")) if name == "url" else _types(patch.get("value"))
    return Answer(ledger.save(hook))


def remove(ledger: Ledger, call: Call) -> Answer:
    """Forget a webhook, and what waits for it."""
    ledger.get("webhook", call.id)
    ledger.remove(call.id)
    ledger.db.execute("DELETE FROM callbacks WHERE receiver = ? AND state = 'pending'", (call.id,))
    return Answer(None, 204)


def verify(ledger: Ledger, call: Call) -> Answer:
    """Whether a transmission's signature is the sandbox's own; the event is taken as it was sent."""
    names = ("transmission_id", "transmission_time", "webhook_id", "transmission_sig")
    absent = next((name for name in (*names, "webhook_event") if not call.body.get(name)), None)
    if absent is not None:
        raise invalid("MISSING_REQUIRED_PARAMETER", absent)
    told = [str(call.body[name]) for name in names]
    event = call.body["webhook_event"]
    holds = load_signer(ledger.db).holds(told[0], told[1], told[2], payload(event), told[3])
    return Answer({"verification_status": "SUCCESS" if holds else "FAILURE"})


def payload(event: Json) -> bytes:
    """The bytes that are sent and signed: what a client gets by parsing and writing compactly again."""
    return json.dumps(event, separators=(",", ":")).encode()


def _url(asked: object) -> str:
    if not isinstance(asked, str) or urlsplit(asked).scheme not in ("http", "https") or not urlsplit(asked).netloc:
        raise refusal("INVALID_REQUEST", "INVALID_WEBHOOK_URL", field="url")
    return asked


def _types(asked: object) -> list[Json]:
    if (
        not isinstance(asked, list)
        or not asked
        or not all(isinstance(each, dict) and each.get("name") for each in asked)
    ):
        raise invalid("MISSING_REQUIRED_PARAMETER", "event_types")
    return [{"name": str(each["name"])} for each in asked]


_LINKS = (("self", "GET"), ("update", "PATCH"), ("delete", "DELETE"))
