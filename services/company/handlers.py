"""The inbox of the company service: nothing yet that it has to act on."""

from common.events.handlers import Handlers

HANDLERS: Handlers = {}
