"""HTTP of the notification service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.lists import listing
from services.notification.domain import Channel, Priority, Status
from services.notification.schemas import NotificationOut
from services.notification.service import NotificationService

router = APIRouter(prefix="/api/notifications", tags=["notifications"])


def _service(request: Request) -> NotificationService:
    service: NotificationService = request.app.state.service
    return service


Notifications = Annotated[NotificationService, Depends(_service)]
Reader = Annotated[Principal, requires("notifications.read", "own.notifications")]


@router.get("")
async def list_notifications(
    who: Reader,
    notifications: Notifications,
    page: Annotated[PageRequest, listing()],
    message_type: Annotated[str | None, Query(alias="type", max_length=60)] = None,
    status: Status | None = None,
    channel: Channel | None = None,
    priority: Priority | None = None,
    reference_id: Annotated[str | None, Query(alias="referenceId", max_length=100)] = None,
) -> Page[NotificationOut]:
    """List messages: one's own, for staff the company's."""
    asked = {
        "type": message_type,
        "status": status,
        "channel": channel,
        "priority": priority,
        "reference.id": reference_id,
    }
    criteria = {name: value for name, value in asked.items() if value is not None}
    found = await notifications.list(who, criteria, page)
    return Page(items=[NotificationOut.model_validate(each) for each in found.items], next_cursor=found.next_cursor)


@router.get("/{notification_id}")
async def read_notification(notification_id: str, who: Reader, notifications: Notifications) -> NotificationOut:
    """Read one message."""
    return NotificationOut.model_validate(await notifications.read(who, notification_id))
