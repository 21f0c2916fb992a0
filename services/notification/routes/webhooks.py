"""What providers call back with."""

from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Header, Request

from common.errors import BadRequest
from common.identity.requires import Anyone
from services.notification.routes.parameters import Notifications

router = APIRouter(prefix="/api/notifications/webhooks", tags=["notifications"])
FIELDS_LIMIT = 100
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["AccountSid", "MessageSid", "MessageStatus"],
                    "properties": {
                        name: {"type": "string"} for name in ("AccountSid", "MessageSid", "MessageStatus", "ErrorCode")
                    },
                },
                "example": {"AccountSid": "AC00", "MessageSid": "SM00", "MessageStatus": "delivered"},
            }
        },
    }
}


@router.post("/twilio", status_code=204, openapi_extra=_FORM)
async def take_twilio_report(
    who: Anyone,
    notifications: Notifications,
    request: Request,
    signature: Annotated[str | None, Header(alias="X-Twilio-Signature", max_length=1000)] = None,
) -> None:
    """Take a signed report of what became of a text message."""
    await notifications.tracking.take_twilio(_form(await request.body()), signature)


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_LIMIT, errors="strict")
    except ValueError as error:
        raise BadRequest("invalid_callback", "The body is no form.") from error
    return dict(pairs)
