"""HTTP and WebSocket of the realtime service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, WebSocket

from common.identity.principal import Principal
from common.identity.requires import requires
from services.realtime.schemas import TicketOut
from services.realtime.service import RealtimeService
from services.realtime.service.realtime import TICKET_SECONDS

router = APIRouter(tags=["realtime"])


def _service(request: Request) -> RealtimeService:
    service: RealtimeService = request.app.state.service
    return service


Realtime = Annotated[RealtimeService, Depends(_service)]
Connector = Annotated[Principal, requires("realtime.connect")]


@router.post("/api/realtime/tickets", status_code=201)
async def issue_ticket(who: Connector, realtime: Realtime, request: Request) -> TicketOut:
    """Get a ticket for one socket."""
    ticket = await realtime.issue(who)
    return TicketOut(ticket=ticket, expires_in=TICKET_SECONDS, url=f"{_socket_base(request)}/ws?ticket={ticket}")


@router.websocket("/ws")
async def connect(socket: WebSocket) -> None:
    """Listen to live events; the ticket in the query is the credential."""
    await socket.app.state.service.serve(socket)


def _socket_base(request: Request) -> str:
    """Where the client reached us, as the gateway tells it."""
    scheme = "wss" if request.headers.get("x-forwarded-proto", request.url.scheme) == "https" else "ws"
    return f"{scheme}://{request.headers.get('x-forwarded-host', request.url.netloc)}"
