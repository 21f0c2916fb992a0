"""Environment of the catalog service."""

from pathlib import Path

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """``search_commit_milliseconds``: how long a changed product may wait before searches see it.

    ``search_folder``: where each process makes a folder for its index; the system's temporary folder by default.
    """

    service: str = "catalog"
    search_commit_milliseconds: int = 500
    search_folder: Path | None = None
