"""The walk: every route by every kind of caller, with its own ids and another company's."""

from dev.walk.engine import walk
from dev.walk.report import Report

__all__ = ["Report", "walk"]
