"""The inbox of the company service: nobody's events concern it yet."""

from common.events.handlers import Handlers

HANDLERS: Handlers = {}
