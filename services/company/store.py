"""Companies in MongoDB. A company's tenant is itself."""

from typing import Any

from pymongo import IndexModel

from common.errors import NotFound
from common.mongo.store import Store
from common.mongo.transactions import Session
from services.company.domain import LIMIT, Company, Domain, IsolationReport


class Companies(Store[Company]):
    """The collection ``companies``."""

    COLLECTION = "companies"
    MODEL = Company
    WHAT = "company"
    INDEXES = [
        IndexModel([("slug", 1)], name="slug", unique=True),
        IndexModel([("createdAt", -1), ("_id", -1)], name="created"),
        IndexModel([("name", 1), ("_id", 1)], name="name"),
        IndexModel([("status", 1), ("createdAt", -1)], name="status_created"),
        IndexModel([("settings.allowedOrigins", 1)], name="allowed_origins"),
    ]
    TAKEN = {"slug": "slug_taken"}

    async def allows(self, origin: str) -> bool:
        """Whether any active company lets pages of this origin call."""
        return await self.for_platform().count({"settings.allowedOrigins": origin, "status": "active"}, 1) > 0

    async def is_active(self, company_id: str) -> bool:
        """Whether the company is there and not suspended."""
        return await self.for_platform().count({"_id": company_id, "status": "active"}, 1) > 0

    async def by_id_or_slug(self, name: str) -> Company | None:
        """The company of this id or slug; an id holds an underscore, a slug never does."""
        return await self.for_platform().find_one({"_id" if "_" in name else "slug": name})


class Foundings(Store[Company]):
    """The collection ``foundings``: companies that have no admin yet. They hold their slug and are not seen."""

    COLLECTION = "foundings"
    MODEL = Company
    WHAT = "company"
    INDEXES = [IndexModel([("slug", 1)], name="slug", unique=True), IndexModel([("createdAt", 1)], name="created")]
    TAKEN = {"slug": "slug_taken"}

    async def forget(self, company_id: str) -> None:
        """The founding has ended, one way or the other."""
        await self.collection.delete_one({"_id": company_id})


_HELD: dict[str, Any] = {"deletedAt": {"$type": "null"}}
TOMBSTONE_SECONDS = 30 * 86_400


class Domains(Store[Domain]):
    """The collection ``domains``: claims, of which one a name may be verified. Given up, they are kept a month."""

    COLLECTION = "domains"
    MODEL = Domain
    WHAT = "domain"
    INDEXES = [
        IndexModel([("companyId", 1), ("name", 1)], name="claim", unique=True, partialFilterExpression=_HELD),
        IndexModel([("companyId", 1), ("slot", 1)], name="slot", unique=True, partialFilterExpression=_HELD),
        IndexModel([("name", 1)], name="verified_name", unique=True, partialFilterExpression={"status": "verified"}),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="created"),
        IndexModel([("checkAt", 1)], name="check"),
        IndexModel([("deletedAt", 1)], name="expiry", expireAfterSeconds=TOMBSTONE_SECONDS),
    ]
    TAKEN = {"claim": "domain_taken", "slot": "slot_taken", "verified_name": "domain_taken"}

    async def of_name(self, name: str, session: Session | None = None) -> Domain | None:
        """The company's claim to a name."""
        return await self.find_one({"name": name, "deletedAt": None}, session)

    async def verified(self, name: str, session: Session | None = None) -> Domain | None:
        """Whose a name is, as proved."""
        return await self.find_one({"name": name, "status": "verified"}, session)

    async def held(self) -> list[Domain]:
        """All claims of the company."""
        return await self.find_many({"deletedAt": None}, LIMIT, sort="slot")


REPORT_SECONDS = 366 * 86_400


class IsolationReports(Store[IsolationReport]):
    """The collection ``isolation_reports``: the platform's, kept for a year."""

    COLLECTION = "isolation_reports"
    MODEL = IsolationReport
    WHAT = "isolation report"
    INDEXES = [
        IndexModel([("walkedAt", -1)], name="walked"),
        IndexModel([("createdAt", 1)], name="expiry", expireAfterSeconds=REPORT_SECONDS),
    ]

    async def newest(self) -> IsolationReport:
        """The latest walk's. Raises NotFound while there is none."""
        found = await self.collection.find(self.scope()).sort("walkedAt", -1).limit(1).to_list(1)
        if not found:
            raise NotFound(self.WHAT)
        return self.from_document(found[0])
