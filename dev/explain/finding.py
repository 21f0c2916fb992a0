"""From what an operator types to one order."""

from dev.explain.sources import Document, Sources
from dev.home import OperatorError

ID_PREFIX = "ord_"
SHOWN = 10


def find_order(sources: Sources, name: str, company: str | None) -> Document:
    """The order of this id or number. Raises OperatorError for none, and for a number that several have."""
    criteria: Document = {"_id": name} if name.startswith(ID_PREFIX) else {"number": {"$in": [name, name.upper()]}}
    if company is not None:
        criteria["companyId"] = _company_id(sources, company)
    elif "number" in criteria:  # numbers are indexed within their companies
        criteria["companyId"] = {"$in": sources.database("company")["companies"].distinct("_id")}
    found = sources.find("sales", "orders", criteria)
    if not found:
        where = f" at {company}" if company else ""
        raise OperatorError(f"There is no order {name}{where}: name its id (ord_…) or its number.")
    if len(found) > 1:
        raise OperatorError(_candidates(sources, name, found))
    return found[0]


def slug_of(sources: Sources, company_id: str) -> str:
    """The short name of a company; its id where it is not known."""
    found = sources.one("company", "companies", {"_id": company_id})
    return str(found["slug"]) if found else company_id


def _company_id(sources: Sources, slug: str) -> str:
    found = sources.one("company", "companies", {"$or": [{"slug": slug}, {"_id": slug}]})
    if found is None:
        raise OperatorError(f"There is no company {slug!r}.")
    return str(found["_id"])


def _candidates(sources: Sources, name: str, found: list[Document]) -> str:
    lines = [
        f"  {order['_id']}  --company {slug_of(sources, order['companyId'])}  {order['status']}"
        for order in found[:SHOWN]
    ]
    more = [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join([f"{len(found)} companies have an order {name}; name its id, or the company:", *lines, *more])
