"""What the routes of this service share."""

from typing import Annotated

from fastapi import Depends, Request

from common.identity.principal import Principal
from common.identity.requires import requires
from services.notification.service import NotificationService


def _service(request: Request) -> NotificationService:
    service: NotificationService = request.app.state.service
    return service


Notifications = Annotated[NotificationService, Depends(_service)]
Reader = Annotated[Principal, requires("notifications.read", "own.notifications")]
Staff = Annotated[Principal, requires("notifications.read")]
Writer = Annotated[Principal, requires("notifications.write")]
Owner = Annotated[Principal, requires("own.notifications")]
