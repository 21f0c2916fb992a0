"""Environment of the debt service."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """``debt_due_days``: how long after its confirmation an order on account is due."""

    service: str = "debt"
    debt_due_days: int = 30
