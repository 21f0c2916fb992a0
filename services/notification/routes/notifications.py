"""Messages over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from common.pagination import Page, PageRequest
from common.web.lists import listing, refuse_unknown
from services.notification.domain import Channel, Priority, Status
from services.notification.routes.parameters import Notifications, Reader, Staff, Writer
from services.notification.schemas.notifications import (
    ChannelOut,
    ChannelsOut,
    MarkedOut,
    NotificationOut,
    RetriedOut,
    TestIn,
    UnreadOut,
)

router = APIRouter(prefix="/api/notifications", tags=["notifications"])
Type = Annotated[str | None, Query(alias="type", max_length=60)]


def _criteria(
    message_type: Type = None,
    status: Status | None = None,
    channel: Channel | None = None,
    priority: Priority | None = None,
    reference_id: Annotated[str | None, Query(alias="referenceId", max_length=100)] = None,
) -> dict[str, Any]:
    asked = {
        "type": message_type,
        "status": status,
        "channel": channel,
        "priority": priority,
        "reference.id": reference_id,
    }
    return {name: value for name, value in asked.items() if value is not None}


@router.get("")
async def list_notifications(
    who: Reader,
    notifications: Notifications,
    page: Annotated[PageRequest, listing("updatedAt")],
    criteria: Annotated[dict[str, Any], Depends(_criteria)],
    unread: bool | None = None,
    begin: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
) -> Page[NotificationOut]:
    """List messages: one's own, for staff the company's."""
    found = await notifications.reading.list(who, criteria, page, unread=unread, begin=begin, end=end)
    return Page(items=[NotificationOut.of(each, who.id) for each in found.items], next_cursor=found.next_cursor)


@router.get("/unread-count", dependencies=[Depends(refuse_unknown)])
async def count_unread(who: Reader, notifications: Notifications) -> UnreadOut:
    """Count one's unread messages."""
    return UnreadOut(unread=await notifications.reading.count_unread(who))


@router.get("/channels", dependencies=[Depends(refuse_unknown)])
async def list_channels(who: Staff, notifications: Notifications) -> ChannelsOut:
    """List the channels, whether each is set up, and how it fares."""
    return ChannelsOut(items=[ChannelOut.model_validate(each) for each in notifications.trying.channels()])


@router.post("/read-all")
async def mark_all_read(who: Reader, notifications: Notifications) -> MarkedOut:
    """Mark all of one's messages read."""
    return MarkedOut(marked=await notifications.reading.mark_all_read(who))


@router.post("/retry-failed")
async def retry_failed(who: Writer, notifications: Notifications, message_type: Type = None) -> RetriedOut:
    """Send the company's failed messages again, two hundred at most, and nothing else."""
    return RetriedOut(retried=await notifications.reading.retry_failed(who, message_type))


@router.post("/test", status_code=201)
async def send_test(body: TestIn, who: Writer, notifications: Notifications) -> NotificationOut:
    """Send a test message; ten an hour."""
    return NotificationOut.of(await notifications.trying.send(who, body.channel, body.to), who.id)


@router.get("/{notification_id}")
async def read_notification(notification_id: str, who: Reader, notifications: Notifications) -> NotificationOut:
    """Read one message."""
    return NotificationOut.of(await notifications.reading.read(who, notification_id), who.id)


@router.post("/{notification_id}/read")
async def mark_read(notification_id: str, who: Reader, notifications: Notifications) -> NotificationOut:
    """Mark a message read."""
    return NotificationOut.of(await notifications.reading.mark_read(who, notification_id), who.id)


@router.post("/{notification_id}/opened")
async def note_opened(notification_id: str, who: Reader, notifications: Notifications) -> NotificationOut:
    """Say that its recipient has opened a message."""
    return NotificationOut.of(await notifications.reading.open(who, notification_id), who.id)


@router.post("/{notification_id}/retry")
async def retry_notification(notification_id: str, who: Writer, notifications: Notifications) -> NotificationOut:
    """Send a failed message again."""
    return NotificationOut.of(await notifications.reading.retry(who, notification_id), who.id)
