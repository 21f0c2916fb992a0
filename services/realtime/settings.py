"""Environment of the realtime service."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """``base_domains``: our own, whose pages and those of their subdomains may open a socket.

    ``allowed_origins``: further ones, beside those that a company allows itself. ``queue_frames`` and
    ``queue_bytes``: what may wait for a client before it is cut off as too slow; ``send_seconds``: how long
    one that reads nothing is waited for; ``idle_seconds``: how long one that listens to nothing may be silent.
    ``recent_bytes``: of what went out last, held for those who come back; older they read from the stream.
    ``sockets_an_account``: how many one person or key may hold at a copy of the service.
    """

    service: str = "realtime"
    base_domains: list[str] = ["localhost"]
    allowed_origins: list[str] = []
    queue_frames: int = 5000
    queue_bytes: int = 8 * 1024 * 1024
    recent_bytes: int = 32 * 1024 * 1024
    send_seconds: float = 5.0
    idle_seconds: float = 60.0
    sockets_an_account: int = 20
