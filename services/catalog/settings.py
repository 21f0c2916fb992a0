"""Environment of the catalog service."""

from pathlib import Path

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """``search_commit_milliseconds``: how long a changed product may wait before searches see it.

    ``search_folder``: where each process makes a folder for its index; the system's temporary folder by default.
    ``cart_idle_minutes``: how long a cart may be left alone before it counts as abandoned.
    """

    service: str = "catalog"
    search_commit_milliseconds: int = 500
    search_folder: Path | None = None
    cart_idle_minutes: int = 60
    cart_sweep_milliseconds: int = 5_000
