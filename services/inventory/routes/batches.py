"""A batch of adjustments: each row is read, entered and answered on its own."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from common.errors import DomainError, Invalid
from common.identity.principal import Principal
from common.web.idempotency import Once
from common.web.problems import of_domain
from services.inventory.schemas import AdjustmentIn, AdjustmentResult, AdjustmentsIn, AdjustmentsOut, MovementOut
from services.inventory.service import Adjusting
from services.inventory.service.adjusting import Adjustment, Outcome


async def enter_batch(adjusting: Adjusting, who: Principal, body: AdjustmentsIn, once: Once) -> AdjustmentsOut:
    """Enter what can be entered; a bad row is rejected alone."""
    wanted: dict[int, Adjustment] = {}
    results: dict[int, AdjustmentResult] = {}
    for index, row in enumerate(body.adjustments):
        try:
            read = AdjustmentIn.model_validate(row)
        except ValidationError as error:
            results[index] = _rejected(index, _invalid(error))
        else:
            wanted[index] = Adjustment(movement_id=once.id_for("mov", index), **read.model_dump())
    outcomes = await adjusting.adjust_all(who, list(wanted.values()))
    results |= {index: _result(index, outcome) for index, outcome in zip(wanted, outcomes, strict=True)}
    ordered = [results[index] for index in sorted(results)]
    statuses = [result.status for result in ordered]
    return AdjustmentsOut(
        results=ordered,
        accepted=statuses.count("accepted"),
        replayed=statuses.count("replayed"),
        rejected=statuses.count("rejected"),
    )


def _result(index: int, outcome: Outcome) -> AdjustmentResult:
    if outcome.refusal is not None:
        return _rejected(index, outcome.refusal)
    status = "replayed" if outcome.replayed else "accepted"
    movement = MovementOut.model_validate(outcome.movement)
    return AdjustmentResult(index=index, status=status, result=movement, problem=None)


def _rejected(index: int, error: DomainError) -> AdjustmentResult:
    problem: dict[str, Any] = from_json(bytes(of_domain(error).body))
    return AdjustmentResult(index=index, status="rejected", result=None, problem=problem)


def _invalid(error: ValidationError) -> Invalid:
    fields = [(".".join(str(part) for part in one["loc"]), one["msg"]) for one in error.errors()]
    return Invalid("invalid_body", "Some fields are refused.", fields)
