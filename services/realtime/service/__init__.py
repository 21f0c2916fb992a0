"""Tickets, the hub that hears the feed, and the sessions of those who listen."""

from services.realtime.service.realtime import RealtimeService

__all__ = ["RealtimeService"]
