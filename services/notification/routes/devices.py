"""One's devices, and the company's dead addresses, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from common.pagination import Page, PageRequest
from common.web.lists import listing
from services.notification.domain import Channel
from services.notification.routes.parameters import Notifications, Owner, Staff, Writer
from services.notification.schemas.devices import DeviceIn, DeviceOut, SuppressionOut

router = APIRouter(prefix="/api/notifications", tags=["notifications"])


@router.get("/devices")
async def list_devices(
    who: Owner, notifications: Notifications, page: Annotated[PageRequest, listing()]
) -> Page[DeviceOut]:
    """List one's devices that take push messages."""
    found = await notifications.devices.list(who, page)
    return Page(items=[DeviceOut.model_validate(each) for each in found.items], next_cursor=found.next_cursor)


@router.post("/devices", status_code=201)
async def register_device(body: DeviceIn, who: Owner, notifications: Notifications) -> DeviceOut:
    """Take push messages on a device; the same token again is the same device."""
    return DeviceOut.model_validate(await notifications.devices.register(who, body.token, body.platform))


@router.delete("/devices/{device_id}", status_code=204)
async def remove_device(device_id: str, who: Owner, notifications: Notifications) -> None:
    """Take no more push messages on a device."""
    await notifications.devices.remove(who, device_id)


@router.get("/suppressions")
async def list_suppressions(
    who: Staff,
    notifications: Notifications,
    page: Annotated[PageRequest, listing()],
    channel: Channel | None = None,
    address: Annotated[str | None, Query(max_length=320)] = None,
) -> Page[SuppressionOut]:
    """List the addresses that are dead: nothing is sent to them."""
    found = await notifications.suppressing.list(who, channel, address, page)
    return Page(items=[SuppressionOut.model_validate(each) for each in found.items], next_cursor=found.next_cursor)


@router.delete("/suppressions/{suppression_id}", status_code=204)
async def release_suppression(suppression_id: str, who: Writer, notifications: Notifications) -> None:
    """Send to a dead address again."""
    await notifications.suppressing.release(who, suppression_id)
