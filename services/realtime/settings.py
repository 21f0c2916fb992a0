"""Environment of the realtime service."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """``allowed_origins``: pages that may open a socket; empty allows any, for the ticket is the credential.

    ``queue_frames`` is how many frames may wait for a client before it is cut off as too slow.
    """

    service: str = "realtime"
    allowed_origins: list[str] = []
    queue_frames: int = 5000
