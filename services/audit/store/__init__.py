"""The log in the database, and its checkpoints beside it."""

from services.audit.store.checkpoints import CheckpointFiles
from services.audit.store.log import EVENT_INDEXES, HEAD_INDEXES, AuditLog, read_part

INDEXES = {AuditLog.EVENTS: EVENT_INDEXES, AuditLog.CHAINS: HEAD_INDEXES}

__all__ = ["INDEXES", "AuditLog", "CheckpointFiles", "read_part"]
