"""Use cases of the analytics service."""

from services.analytics.service.counting import AnalyticsService
from services.analytics.service.reporting import ReportService

__all__ = ["AnalyticsService", "ReportService"]
