"""Use cases of the sales service, one object a concern."""

from services.sales.service.assembly import SalesService, assemble

__all__ = ["SalesService", "assemble"]
