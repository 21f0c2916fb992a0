"""HTTP of the analytics service."""

from services.analytics.routes import dashboard, reports

ROUTERS = (dashboard.router, reports.router)
