"""Environment of the catalog service."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """``search_commit_milliseconds``: how long a changed product may wait before searches see it."""

    service: str = "catalog"
    search_commit_milliseconds: int = 500
