"""Reading a batch of products row by row, and telling what became of each."""

from collections import Counter
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_core import from_json

from common.errors import DomainError, Invalid
from common.web.problems import of_domain
from services.catalog.domain.product import ProductDraft
from services.catalog.schemas.products import BatchOut, BatchResult, ProductIn, ProductOut
from services.catalog.service.products import BatchRow


def read_row(row: dict[str, Any]) -> ProductDraft | Invalid:
    """The product of a row, or why it cannot be read."""
    try:
        return ProductIn.model_validate(row).draft()
    except ValidationError as error:
        found = error.errors(include_url=False)[:50]
        fields = [(".".join(map(str, entry["loc"])), entry["msg"]) for entry in found]
        return Invalid("invalid_body", "Some fields are refused.", fields)


def tell(rows: list[BatchRow]) -> BatchOut:
    """The answer for all rows, in their order."""
    results = [
        BatchResult(
            index=index,
            status=_status(row),
            result=ProductOut.of(row.product) if row.product else None,
            problem=_problem(row.problem) if row.problem else None,
        )
        for index, row in enumerate(rows)
    ]
    counted = Counter(result.status for result in results)
    return BatchOut(
        results=results,
        accepted=counted["accepted"],
        replayed=counted["replayed"],
        rejected=counted["rejected"],
    )


def _status(row: BatchRow) -> Literal["accepted", "replayed", "rejected"]:
    if row.product is None:
        return "rejected"
    return "replayed" if row.is_replayed else "accepted"


def _problem(error: DomainError) -> dict[str, Any]:
    told: dict[str, Any] = from_json(bytes(of_domain(error).body))
    return told
