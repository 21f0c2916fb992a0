"""The dashboard."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from common.web.lists import refuse_unknown
from services.analytics.routes.parameters import Analytics, Reader
from services.analytics.schemas.dashboard import DashboardOut, PlatformOut

router = APIRouter(prefix="/api/analytics", tags=["analytics"])


@router.get("/dashboard", dependencies=[Depends(refuse_unknown)])
async def read_dashboard(
    who: Reader,
    analytics: Analytics,
    start: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
    shop_id: Annotated[str | None, Query(alias="shopId", max_length=80)] = None,
) -> DashboardOut | PlatformOut:
    """Revenue, orders, units and top products; for a super admin without a tenant one a currency."""
    if who.tenant_id is None and who.may("platform.read"):
        return PlatformOut(items=[DashboardOut.of(each) for each in await analytics.platform(start, end)])
    return DashboardOut.of(await analytics.dashboard(who, start, end, shop_id))
