"""Devices and dead addresses as they are sent and shown."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from common.web.schema import In, Resource
from services.notification.domain import Channel, Platform

Token = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_:.\-]{8,4096}$")]
"""A registration token as Firebase gives it to the device."""


class DeviceIn(In):
    """A device that takes push messages from now on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "fTok3n:APA91bExample", "platform": "android"}]}
    )

    token: Token
    platform: Platform


class DeviceOut(Resource):
    """A device; its token is never shown again."""

    platform: Platform


class SuppressionOut(Resource):
    """An address to which nothing is sent, and why."""

    channel: Channel
    address: str
    reason: str
    notification_id: str
