"""Where an account's events are delivered to."""

import json
import secrets
import sqlite3
from urllib.parse import urlsplit

from dev.sandbox.settings import FixedEndpoint
from dev.sandbox.stripe import forms
from dev.sandbox.stripe.book import API_VERSION, LISTING_PARAMS, Answer, Book, Call, dump, new_id
from dev.sandbox.stripe.refusals import Json, invalid_param, missing_param, no_such

WRITE_PARAMS = ("url", "enabled_events", "description", "metadata", "expand")
ENDPOINT_LIMIT = 100
FIXED_ID = "we_fixed"


def create(book: Book, call: Call) -> Answer:
    """POST /v1/webhook_endpoints; the only answer that carries the signing secret."""
    forms.refuse_unknown(call.params, (*WRITE_PARAMS, "api_version", "connect"))
    count = book.db.execute("SELECT count(*) FROM endpoints WHERE account = ?", (book.account,)).fetchone()[0]
    if count >= ENDPOINT_LIMIT:
        raise invalid_param("url", f"You have reached the maximum of {ENDPOINT_LIMIT} webhook endpoints.")
    endpoint = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": int(book.now),
        "description": forms.text(call.params, "description"),
        "enabled_events": _enabled_events(call.params),
        "livemode": False,
        "metadata": forms.metadata(call.params),
        "status": "enabled",
        "url": _url(call.params),
    }
    secret = f"whsec_{secrets.token_urlsafe(24)}"
    book.db.execute(
        "INSERT INTO endpoints (id, account, url, secret, enabled_events, status, created, body)"
        " VALUES (?,?,?,?,?,?,?,?)",
        (
            endpoint["id"],
            book.account,
            endpoint["url"],
            secret,
            json.dumps(endpoint["enabled_events"]),
            endpoint["status"],
            endpoint["created"],
            dump(endpoint),
        ),
    )
    return Answer({**endpoint, "secret": secret})


def retrieve(book: Book, call: Call) -> Answer:
    """GET /v1/webhook_endpoints/{id}"""
    return Answer(_get(book, call.id))


def update(book: Book, call: Call) -> Answer:
    """POST /v1/webhook_endpoints/{id}"""
    params = call.params
    forms.refuse_unknown(params, (*WRITE_PARAMS, "disabled"))
    endpoint = _get(book, call.id)
    if "url" in params:
        endpoint["url"] = _url(params)
    if "enabled_events" in params:
        endpoint["enabled_events"] = _enabled_events(params)
    if "disabled" in params:
        endpoint["status"] = "disabled" if forms.boolean(params, "disabled") else "enabled"
    if "description" in params:
        endpoint["description"] = forms.text(params, "description")
    endpoint["metadata"] = forms.metadata(params, endpoint["metadata"])
    book.db.execute(
        "UPDATE endpoints SET url = ?, enabled_events = ?, status = ?, body = ? WHERE id = ?",
        (
            endpoint["url"],
            json.dumps(endpoint["enabled_events"]),
            endpoint["status"],
            dump(endpoint),
            endpoint["id"],
        ),
    )
    return Answer(endpoint)


def remove(book: Book, call: Call) -> Answer:
    """DELETE /v1/webhook_endpoints/{id}; what it had not yet received, it never will."""
    _get(book, call.id)
    book.db.execute("DELETE FROM endpoints WHERE id = ?", (call.id,))
    book.db.execute(
        "UPDATE deliveries SET state = 'failed', last_error = 'endpoint deleted'"
        " WHERE endpoint = ? AND state = 'pending'",
        (call.id,),
    )
    return Answer({"id": call.id, "object": "webhook_endpoint", "deleted": True})


def listing(book: Book, call: Call) -> Answer:
    """GET /v1/webhook_endpoints, all of them on one page."""
    forms.refuse_unknown(call.params, LISTING_PARAMS)
    rows = book.db.execute(
        "SELECT body FROM endpoints WHERE account = ? ORDER BY created DESC, id", (book.account,)
    ).fetchall()
    data = [json.loads(row["body"]) for row in rows]
    return Answer({"object": "list", "data": data, "has_more": False, "url": call.path})


def put_fixed(db: sqlite3.Connection, fixed: FixedEndpoint | None, now: float) -> None:
    """Make the endpoint from the environment the one that is kept, or keep none."""
    if fixed is None:
        db.execute("DELETE FROM endpoints WHERE id = ?", (FIXED_ID,))
        return
    db.execute(
        "INSERT OR REPLACE INTO endpoints (id, account, url, secret, enabled_events, status, created, body)"
        " VALUES (?, '*', ?, ?, '[\"*\"]', 'enabled', ?, '{}')",
        (FIXED_ID, fixed.url, fixed.secret, int(now)),
    )


def _get(book: Book, endpoint_id: str) -> Json:
    row = book.db.execute(
        "SELECT body FROM endpoints WHERE id = ? AND account = ?", (endpoint_id, book.account)
    ).fetchone()
    if row is None:
        raise no_such("webhook endpoint", endpoint_id)
    body: Json = json.loads(row["body"])
    return body


def _url(params: Json) -> str:
    url = forms.required_text(params, "url")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise invalid_param("url", "Not a valid URL", code="url_invalid")
    return url


def _enabled_events(params: Json) -> list[str]:
    names = params.get("enabled_events")
    if not names:
        raise missing_param("enabled_events")
    if not isinstance(names, list) or any(not isinstance(name, str) for name in names):
        raise invalid_param("enabled_events", "Invalid array: enabled_events")
    return names
