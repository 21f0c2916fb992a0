"""HTTP of the debt service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from common.identity.principal import Principal
from common.identity.requires import requires
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from common.web.schema import Instant
from services.debt.domain import DebtorType, Status
from services.debt.schemas import AgeingOut, DebtIn, DebtOut, DebtPaymentIn, WriteOffIn
from services.debt.service import DebtFilter, DebtService

router = APIRouter(prefix="/api/debts", tags=["debts"])


def _service(request: Request) -> DebtService:
    service: DebtService = request.app.state.service
    return service


def _filter(
    debtor_id: Annotated[str | None, Query(alias="debtorId", max_length=80)] = None,
    debtor_type: Annotated[DebtorType | None, Query(alias="debtorType")] = None,
    status: Status | None = None,
    order_id: Annotated[str | None, Query(alias="orderId", max_length=80)] = None,
) -> DebtFilter:
    return DebtFilter(debtor_id, debtor_type, status, order_id)


Debts = Annotated[DebtService, Depends(_service)]
Reader = Annotated[Principal, requires("debts.read")]
Writer = Annotated[Principal, requires("debts.write")]


@router.get("")
async def list_debts(
    who: Reader,
    debts: Debts,
    chosen: Annotated[DebtFilter, Depends(_filter)],
    page: Annotated[PageRequest, listing("dueAt", "updatedAt")],
) -> Page[DebtOut]:
    """List debts."""
    found = await debts.list(who, chosen, page)
    return Page(items=[DebtOut.model_validate(debt) for debt in found.items], next_cursor=found.next_cursor)


@router.post("", status_code=201)
async def enter_debt(body: DebtIn, who: Writer, debts: Debts, once: Idempotent) -> DebtOut:
    """Enter a debt."""
    schedule = [(part.due_at, part.amount) for part in body.schedule] if body.schedule else None

    async def work() -> DebtOut:
        debt = await debts.enter(
            who,
            debt_id=once.id_for("dbt"),
            debtor_type=body.debtor_type,
            debtor_id=body.debtor_id,
            principal=body.principal,
            due_at=body.due_at,
            schedule=schedule,
        )
        return DebtOut.model_validate(debt)

    return await once(work, status=201)


@router.get("/ageing")
async def report_ageing(
    who: Reader,
    debts: Debts,
    as_of: Annotated[Instant | None, Query(alias="asOf")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> AgeingOut:
    """Report what is outstanding, by currency, debtor and age."""
    return AgeingOut.of(await debts.ageing(who, as_of, limit))


@router.get("/{debt_id}")
async def read_debt(debt_id: str, who: Reader, debts: Debts, response: Response) -> DebtOut:
    """Read one debt."""
    debt = await debts.read(who, debt_id)
    tag(response, debt.version)
    return DebtOut.model_validate(debt)


@router.post("/{debt_id}/payments", status_code=201)
async def record_payment(debt_id: str, body: DebtPaymentIn, who: Writer, debts: Debts, once: Idempotent) -> DebtOut:
    """Record money received for a debt."""

    async def work() -> DebtOut:
        debt = await debts.pay(
            who,
            debt_id,
            payment_id=once.id_for("dpy"),
            amount=body.amount,
            method=body.method,
            note=body.note,
        )
        return DebtOut.model_validate(debt)

    return await once(work, status=201)


@router.post("/{debt_id}/write-off")
async def write_off_debt(
    debt_id: str, body: WriteOffIn, who: Writer, debts: Debts, once: Idempotent, if_match: IfMatch = None
) -> DebtOut:
    """Give up what is left of a debt; again: the same answer."""

    async def work() -> DebtOut:
        return DebtOut.model_validate(await debts.give_up(who, debt_id, body.reason, if_match))

    return await once(work)
