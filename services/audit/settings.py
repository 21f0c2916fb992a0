"""Environment of the audit service."""

from pathlib import Path

from pydantic import Field

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """``checkpoints``: the folder of the checkpoints, shared by all copies; None: below the home's data folder.

    A chain's end is signed after ``checkpoint_events`` new events, of all chains together, and at the latest
    after ``checkpoint_seconds``. ``former_keys``: public keys (base64url) that signed before today's.
    """

    service: str = "audit"
    home: Path = Path(".run")
    checkpoints: Path | None = Field(default=None, validation_alias="MARKETHALL_AUDIT_CHECKPOINTS")
    checkpoint_events: int = Field(default=1000, ge=1, validation_alias="MARKETHALL_AUDIT_CHECKPOINT_EVENTS")
    checkpoint_seconds: float = Field(default=60.0, gt=0, validation_alias="MARKETHALL_AUDIT_CHECKPOINT_SECONDS")
    former_keys: list[str] = Field(default=[], validation_alias="MARKETHALL_AUDIT_FORMER_KEYS")

    @property
    def checkpoint_folder(self) -> Path:
        """Where the checkpoints are; another database has another folder."""
        return self.checkpoints or self.home / "data" / "audit" / self.database_name
