"""HTTP of the audit service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.lists import listing, refuse_unknown
from services.audit.schemas import AuditEventOut, BrokenOut, VerdictOut
from services.audit.service import AuditService

router = APIRouter(prefix="/api/audit", tags=["audit"])


def _service(request: Request) -> AuditService:
    service: AuditService = request.app.state.service
    return service


Log = Annotated[AuditService, Depends(_service)]
Reader = Annotated[Principal, requires("audit.read")]
Filter = Annotated[str | None, Query(min_length=1, max_length=200)]


def _filters(
    actor: Filter = None,
    action: Filter = None,
    resource: Filter = None,
    start: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40)] = None,
) -> dict[str, str]:
    sent = {"actor": actor, "action": action, "resource": resource, "from": start, "to": end}
    return {name: value for name, value in sent.items() if value is not None}


@router.get("/events")
async def list_audit_events(
    who: Reader,
    log: Log,
    filters: Annotated[dict[str, str], Depends(_filters)],
    page: Annotated[PageRequest, listing("sequence")],
) -> Page[AuditEventOut]:
    """List what happened; a super admin without a tenant sees the platform's own chain."""
    found = await log.list(who, filters, page)
    return Page(items=[AuditEventOut.model_validate(event) for event in found.items], next_cursor=found.next_cursor)


@router.get("/verify", dependencies=[Depends(refuse_unknown)])
async def verify_chain(who: Reader, log: Log) -> VerdictOut:
    """Check every link of the chain."""
    verdict = await log.verify(who)
    broken = None
    if verdict.first_broken_sequence is not None and verdict.reason is not None:
        broken = BrokenOut(sequence=verdict.first_broken_sequence, reason=verdict.reason)
    return VerdictOut(ok=verdict.ok, events=verdict.events, first_broken=broken, head=verdict.head)
