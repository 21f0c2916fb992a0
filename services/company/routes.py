"""HTTP of the company service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from common.identity.principal import Principal
from common.identity.requires import InternalCaller, requires
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from services.company.domain import Status
from services.company.schemas import CompanyFacts, CompanyIn, CompanyOut, CompanyPatch
from services.company.service import CompanyService

router = APIRouter(tags=["companies"])


def _service(request: Request) -> CompanyService:
    service: CompanyService = request.app.state.service
    return service


Companies = Annotated[CompanyService, Depends(_service)]
Founder = Annotated[Principal, requires("companies.create")]
Reader = Annotated[Principal, requires("company.read")]
Writer = Annotated[Principal, requires("company.write")]


@router.post("/api/companies", status_code=201)
async def found_company(body: CompanyIn, who: Founder, companies: Companies, once: Idempotent) -> CompanyOut:
    """Found a company with its first admin."""
    return await once(lambda: _found(body, companies, once.id_for("cmp")), status=201)


async def _found(body: CompanyIn, companies: CompanyService, company_id: str) -> CompanyOut:
    admin = {"email": body.admin.email, "name": body.admin.name}
    if body.admin.password is not None:
        admin["password"] = body.admin.password.get_secret_value()
    fields = body.model_dump(exclude={"admin"})
    return CompanyOut.model_validate(await companies.found(company_id=company_id, admin=admin, **fields))


@router.get("/api/companies")
async def list_companies(
    who: Reader,
    companies: Companies,
    page: Annotated[PageRequest, listing("name")],
    status: Status | None = None,
    search: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[CompanyOut]:
    """List companies; a company admin sees their own."""
    found = await companies.list(who, {"status": status} if status else {}, search, page)
    return Page(items=[CompanyOut.model_validate(each) for each in found.items], next_cursor=found.next_cursor)


@router.get("/api/companies/{company_id}")
async def read_company(company_id: str, who: Reader, companies: Companies, response: Response) -> CompanyOut:
    """Read one company."""
    company = await companies.read(who, company_id)
    tag(response, company.version)
    return CompanyOut.model_validate(company)


@router.patch("/api/companies/{company_id}")
async def edit_company(
    company_id: str,
    body: CompanyPatch,
    who: Writer,
    companies: Companies,
    response: Response,
    if_match: IfMatch = None,
) -> CompanyOut:
    """Change a company; only a super admin suspends, closes and reactivates."""
    company = await companies.edit(who, company_id, body.changes(), if_match)
    tag(response, company.version)
    return CompanyOut.model_validate(company)


@router.get("/internal/companies/{id_or_slug}", include_in_schema=False)
async def tell_company(id_or_slug: str, who: InternalCaller, companies: Companies) -> CompanyFacts:
    """What other services may ask, by id or slug."""
    return CompanyFacts.model_validate(await companies.tell(id_or_slug))
