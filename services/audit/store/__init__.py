"""The log in the database, and its checkpoints beside it."""

from services.audit.store.checkpoints import CheckpointFiles
from services.audit.store.log import EVENT_INDEXES, HEAD_INDEXES, AuditLog, read_part

__all__ = ["EVENT_INDEXES", "HEAD_INDEXES", "AuditLog", "CheckpointFiles", "read_part"]
