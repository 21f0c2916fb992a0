"""What the one door does with a call."""

from services.gateway.service.gateway import Gateway

__all__ = ["Gateway"]
