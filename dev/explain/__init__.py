"""`explain`: what became of one order, in every service, and what makes it go on."""

from dev.explain.command import run

__all__ = ["run"]
