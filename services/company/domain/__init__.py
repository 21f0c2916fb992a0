"""Rules of companies, of the domains that are theirs, and of what keeps them apart."""

from services.company.domain.company import PLANS, RESERVED_SLUGS, Company, Plan, Status
from services.company.domain.isolation import IsolationReport, Leak
from services.company.domain.names import normal
from services.company.domain.ownership import LIMIT, Domain, DomainStatus, proof, proof_name

__all__ = [
    "LIMIT",
    "PLANS",
    "RESERVED_SLUGS",
    "Company",
    "Domain",
    "DomainStatus",
    "IsolationReport",
    "Leak",
    "Plan",
    "Status",
    "normal",
    "proof",
    "proof_name",
]
