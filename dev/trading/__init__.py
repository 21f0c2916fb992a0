"""A patient client of the gateway, as a till or a back office would be: for demo, replay and proof."""

from dev.trading.api import Api, Refused
from dev.trading.live import LiveCounter

__all__ = ["Api", "LiveCounter", "Refused"]
