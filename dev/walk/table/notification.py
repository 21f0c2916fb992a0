"""Messages, devices and dead addresses."""

import secrets
from typing import Any

from dev.walk.callers import ADMIN, BUYERS, CUSTOMER, EVERYBODY, MANAGER, MANAGERS, SCOPELESS, SELLERS, STAFF, SUPER
from dev.walk.rows import STATE, Row
from dev.walk.world import World

MESSAGE = {"notification_id": "notification"}
PERSONAL = {CUSTOMER: {"notification_id": "notification_of_others"}}
PEOPLE = frozenset({SUPER, ADMIN, MANAGER, STAFF, CUSTOMER})
NOT_THEIR_DEVICE = dict.fromkeys(PEOPLE - {CUSTOMER}, frozenset({404}))


def device(_: World) -> dict[str, Any]:
    return {"token": f"walk:{secrets.token_hex(16)}", "platform": "android"}


def trial(world: World) -> dict[str, Any]:
    return {"channel": "in_app", "to": world.known("shop_staff")}


ROWS = [
    Row("GET /api/notifications", BUYERS, query={"referenceId": "paid_order"}),
    Row("GET /api/notifications/{notification_id}", BUYERS, ids=MESSAGE, hidden=PERSONAL),
    Row("POST /api/notifications/{notification_id}/read", BUYERS, ids=MESSAGE, hidden=PERSONAL),
    Row(
        "POST /api/notifications/{notification_id}/opened",
        BUYERS,
        ids=MESSAGE,
        hidden=PERSONAL,
        answers=dict.fromkeys(BUYERS - {CUSTOMER}, frozenset({403})),  # who was written to opens it, nobody else
    ),
    Row("POST /api/notifications/{notification_id}/retry", MANAGERS, ids=MESSAGE, ok=STATE),
    Row("GET /api/notifications/unread-count", BUYERS),
    Row("POST /api/notifications/read-all", BUYERS),
    Row("POST /api/notifications/retry-failed", MANAGERS),
    Row("GET /api/notifications/channels", SELLERS),
    Row("POST /api/notifications/test", MANAGERS, body=trial),
    Row("GET /api/notifications/devices", PEOPLE),
    Row("POST /api/notifications/devices", PEOPLE, body=device),
    Row(
        "DELETE /api/notifications/devices/{device_id}",
        PEOPLE,
        ids={"device_id": "device"},
        fresh=frozenset({"device_id"}),
        answers=NOT_THEIR_DEVICE,
    ),
    Row("GET /api/notifications/suppressions", SELLERS),
    Row(
        "DELETE /api/notifications/suppressions/{suppression_id}",
        MANAGERS,
        ids={"suppression_id": "suppression"},
        fresh=frozenset({"suppression_id"}),
    ),
    Row(
        "POST /api/notifications/webhooks/twilio",
        EVERYBODY | {SCOPELESS},
        content=b"AccountSid=AC00&MessageSid=SM00&MessageStatus=delivered",
        ok=frozenset({400, 401, 403}),
    ),
]
