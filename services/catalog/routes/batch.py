"""Reading a batch of products row by row, and telling what became of each."""

from typing import Any

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
            status="accepted" if row.product else "rejected",
            result=ProductOut.of(row.product) if row.product else None,
            problem=_problem(row.problem) if row.problem else None,
        )
        for index, row in enumerate(rows)
    ]
    accepted = sum(row.product is not None for row in rows)
    return BatchOut(results=results, accepted=accepted, replayed=0, rejected=len(rows) - accepted)


def _problem(error: DomainError) -> dict[str, Any]:
    told: dict[str, Any] = from_json(bytes(of_domain(error).body))
    return told
