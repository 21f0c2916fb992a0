"""Environment of the company service."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """Nothing beyond what every service reads."""

    service: str = "company"
