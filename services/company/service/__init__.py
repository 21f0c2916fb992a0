"""Use cases of the company service."""

from services.company.service.companies import CompanyService
from services.company.service.domains import DomainService

__all__ = ["CompanyService", "DomainService"]
