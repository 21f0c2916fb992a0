"""Use cases of the company service."""

from services.company.service.companies import CompanyService
from services.company.service.domains import DomainService
from services.company.service.isolation import IsolationService

__all__ = ["CompanyService", "DomainService", "IsolationService"]
