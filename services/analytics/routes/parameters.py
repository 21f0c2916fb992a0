"""What the routes share: the use cases, and the parameters of reports."""

from typing import Annotated

from fastapi import Depends, Query, Request

from common.identity.principal import Principal
from common.identity.requires import requires
from services.analytics.service import AnalyticsService
from services.analytics.service.reporting import Asked


def _service(request: Request) -> AnalyticsService:
    service: AnalyticsService = request.app.state.service
    return service


def _asked(
    start: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
    shop_id: Annotated[str | None, Query(alias="shopId", max_length=80)] = None,
) -> Asked:
    return Asked(start, end, shop_id)


Analytics = Annotated[AnalyticsService, Depends(_service)]
Reader = Annotated[Principal, requires("analytics.read")]
Narrowed = Annotated[Asked, Depends(_asked)]
