"""Environment of the sales service."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """How often overdue orders are looked for, in milliseconds."""

    service: str = "sales"
    sweep_milliseconds: int = 1000
