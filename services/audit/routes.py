"""HTTP of the audit service."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.lists import listing, refuse_unknown
from services.audit.schemas import EXPORT_EXAMPLE, AuditEventOut, CheckpointOut, VerdictOut
from services.audit.service import AuditService

router = APIRouter(prefix="/api/audit", tags=["audit"])

JSON_LINES = "application/x-ndjson"
_EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {"content": {JSON_LINES: {"schema": {"type": "string"}, "example": EXPORT_EXAMPLE}}}
}


def _service(request: Request) -> AuditService:
    service: AuditService = request.app.state.service
    return service


Log = Annotated[AuditService, Depends(_service)]
Reader = Annotated[Principal, requires("audit.read")]
Filter = Annotated[str | None, Query(min_length=1, max_length=200)]
Action = Annotated[str | None, Query(pattern=r"^[a-z_]+\.([a-z_]+|\*)$", max_length=80)]
Since = Annotated[str | None, Query(alias="from", max_length=40)]
Until = Annotated[str | None, Query(alias="to", max_length=40)]


def _between(start: Since = None, end: Until = None) -> dict[str, str]:
    sent = {"from": start, "to": end}
    return {name: value for name, value in sent.items() if value is not None}


def _filters(
    between: Annotated[dict[str, str], Depends(_between)],
    actor: Filter = None,
    action: Action = None,
    resource: Filter = None,
    request_id: Annotated[str | None, Query(alias="requestId", min_length=1, max_length=128)] = None,
    event_id: Annotated[str | None, Query(alias="eventId", min_length=1, max_length=80)] = None,
) -> dict[str, str]:
    sent = {"actor": actor, "action": action, "resource": resource, "requestId": request_id, "eventId": event_id}
    return between | {name: value for name, value in sent.items() if value is not None}


@router.get("/events", response_model_exclude_unset=True)
async def list_audit_events(
    who: Reader,
    log: Log,
    filters: Annotated[dict[str, str], Depends(_filters)],
    page: Annotated[PageRequest, listing("sequence")],
) -> Page[AuditEventOut]:
    """List what happened; a super admin without a tenant sees the platform's own chain."""
    found = await log.list(who, filters, page)
    return Page(items=[AuditEventOut.model_validate(event) for event in found.items], next_cursor=found.next_cursor)


@router.get("/events/{event_id}", response_model_exclude_unset=True, dependencies=[Depends(refuse_unknown)])
async def get_audit_event(event_id: str, who: Reader, log: Log) -> AuditEventOut:
    """Get one event of the log."""
    return AuditEventOut.model_validate(await log.find(who, event_id))


@router.get("/verify", dependencies=[Depends(refuse_unknown)])
async def verify_chain(who: Reader, log: Log) -> VerdictOut:
    """Check every link of the chain, and its signed checkpoints."""
    return VerdictOut.of(await log.verify(who))


@router.get("/checkpoints")
async def list_checkpoints(
    who: Reader, log: Log, page: Annotated[PageRequest, listing("sequence")]
) -> Page[CheckpointOut]:
    """List the signed checkpoints of the chain."""
    found = await log.checkpoints(who, page)
    return Page(items=[CheckpointOut.model_validate(each) for each in found.items], next_cursor=found.next_cursor)


@router.get("/export", responses=_EXPORTED, response_class=StreamingResponse, dependencies=[Depends(refuse_unknown)])
async def export_chain(
    who: Reader, log: Log, between: Annotated[dict[str, str], Depends(_between)]
) -> StreamingResponse:
    """Export the chain, or a part of it, as JSON lines that can be verified offline."""
    lines = await log.export(who, between)
    disposition = {"content-disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(lines, media_type=JSON_LINES, headers=disposition)
