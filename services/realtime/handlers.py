"""The inbox of the realtime service: empty, for it watches the feed instead."""

from common.events.handlers import Handlers

HANDLERS: Handlers = {}
