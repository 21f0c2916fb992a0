"""Recording, showing and proving the log; signing where its chains stand; handing them out whole."""

from services.audit.service.audit import AuditService
from services.audit.service.queries import criteria
from services.audit.service.sealing import Sealing

__all__ = ["AuditService", "Sealing", "criteria"]
