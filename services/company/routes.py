"""HTTP of the company service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from common.identity.principal import Principal
from common.identity.requires import InternalCaller, internal_from, requires
from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.idempotency import Idempotent
from common.web.lists import listing
from common.web.schema import Search
from services.company.clients import Admin
from services.company.domain import Status
from services.company.schemas import (
    CompanyFacts,
    CompanyIn,
    CompanyOut,
    CompanyPatch,
    DomainIn,
    DomainOut,
    IsolationReportIn,
    IsolationReportOut,
    OriginOut,
)
from services.company.service import CompanyService

router = APIRouter(tags=["companies"])

Gateway = Annotated[Principal, internal_from("gateway")]


def _service(request: Request) -> CompanyService:
    service: CompanyService = request.app.state.service
    return service


Companies = Annotated[CompanyService, Depends(_service)]
Founder = Annotated[Principal, requires("companies.create")]
Operator = Annotated[Principal, requires("platform.manage")]
Reader = Annotated[Principal, requires("companies.list", "company.read")]
Writer = Annotated[Principal, requires("companies.suspend", "company.write")]


@router.post("/api/companies", status_code=201)
async def found_company(
    body: CompanyIn, who: Founder, companies: Companies, once: Idempotent, answer: Response
) -> CompanyOut:
    """Found a company with its first admin."""

    async def found() -> CompanyOut:
        password = body.admin.password.get_secret_value() if body.admin.password else None
        company = await companies.found(
            company_id=once.id_for("cmp"),
            name=body.name,
            slug=body.slug,
            currency=body.currency,
            timezone=body.timezone,
            country=body.country,
            plan=body.plan,
            admin=Admin(body.admin.email, body.admin.name, password),
        )
        tag(answer, company.version)
        return CompanyOut.model_validate(company)

    return await once(found, status=201)


@router.post("/api/companies/isolation-reports", status_code=201)
async def publish_isolation_report(body: IsolationReportIn, who: Operator, companies: Companies) -> IsolationReportOut:
    """Keep what a walk over every route found; every company may read it from then on."""
    return IsolationReportOut.of(await companies.isolation.publish(body.model_dump()))


@router.get("/api/companies")
async def list_companies(
    who: Reader,
    companies: Companies,
    page: Annotated[PageRequest, listing("name", "slug")],
    search: Annotated[Search | None, Query()] = None,
    status: Status | None = None,
) -> Page[CompanyOut]:
    """List companies."""
    found = await companies.list(who, search, status, page)
    return Page(items=[CompanyOut.model_validate(company) for company in found.items], next_cursor=found.next_cursor)


@router.get("/api/companies/{company_id}")
async def read_company(company_id: str, who: Reader, companies: Companies, answer: Response) -> CompanyOut:
    """Read one company."""
    company = await companies.read(who, company_id)
    tag(answer, company.version)
    return CompanyOut.model_validate(company)


@router.patch("/api/companies/{company_id}")
async def edit_company(
    company_id: str, body: CompanyPatch, who: Writer, companies: Companies, answer: Response, if_match: IfMatch = None
) -> CompanyOut:
    """Change a company; its status, plan and limits only the platform's administrator."""
    changes = body.changes()
    if body.settings is not None:
        changes["settings"] = body.settings.changes()
    if body.limits is not None:
        changes["limits"] = body.limits.changes()
    company = await companies.edit(who, company_id, changes, if_match)
    tag(answer, company.version)
    return CompanyOut.model_validate(company)


@router.get("/api/companies/{company_id}/isolation-report")
async def read_isolation_report(company_id: str, who: Reader, companies: Companies) -> IsolationReportOut:
    """Read how the latest attack on every route went, which tried one company's ids as another's people."""
    await companies.read(who, company_id)
    return IsolationReportOut.of(await companies.isolation.newest())


@router.get("/api/companies/{company_id}/domains")
async def list_domains(
    company_id: str, who: Reader, companies: Companies, page: Annotated[PageRequest, listing("name")]
) -> Page[DomainOut]:
    """List a company's own domains with the records that prove them."""
    await companies.read(who, company_id)
    found = await companies.domains.list(company_id, page)
    return Page(items=[DomainOut.of(domain) for domain in found.items], next_cursor=found.next_cursor)


@router.post("/api/companies/{company_id}/domains", status_code=201)
async def claim_domain(company_id: str, body: DomainIn, who: Writer, companies: Companies) -> DomainOut:
    """Claim a domain; the answer says which DNS record proves it. Claimed again, the same answer."""
    await companies.read(who, company_id)
    return DomainOut.of(await companies.domains.claim(company_id, body.name))


@router.post("/api/companies/{company_id}/domains/{name}/verify")
async def verify_domain(company_id: str, name: str, who: Writer, companies: Companies) -> DomainOut:
    """Look for a domain's proof in the DNS. Found, calls to the domain reach the company from then on."""
    await companies.read(who, company_id)
    return DomainOut.of(await companies.domains.verify(company_id, name))


@router.delete("/api/companies/{company_id}/domains/{name}", status_code=204)
async def remove_domain(company_id: str, name: str, who: Writer, companies: Companies) -> None:
    """Give a domain up."""
    await companies.read(who, company_id)
    await companies.domains.remove(company_id, name)


@router.get("/internal/companies/{name}", include_in_schema=False)
async def tell_company(name: str, who: InternalCaller, companies: Companies) -> CompanyFacts:
    """What other services may ask, by id or slug."""
    return CompanyFacts.of(*await companies.tell(name))


@router.get("/internal/companies/by-domain/{name}", include_in_schema=False)
async def tell_company_of_domain(name: str, who: Gateway, companies: Companies) -> CompanyFacts:
    """The company that a domain leads to."""
    return CompanyFacts.of(*await companies.tell((await companies.domains.holder(name)).company_id))


@router.get("/internal/origins", include_in_schema=False)
async def tell_origin(origin: Annotated[str, Query(max_length=255)], who: Gateway, companies: Companies) -> OriginOut:
    """Whether any company lets pages of an origin call."""
    return OriginOut(is_allowed=await companies.knows_origin(origin))
