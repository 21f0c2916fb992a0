"""What the analytics service stores."""

from services.analytics.store.reports import Reports
from services.analytics.store.rollups import (
    CUSTOMER_INDEXES,
    DAY_INDEXES,
    PART_INDEXES,
    PRODUCT_INDEXES,
    Counted,
    Rollups,
)

INDEXES = {
    Rollups.DAYS: DAY_INDEXES,
    Rollups.PRODUCTS: PRODUCT_INDEXES,
    Rollups.PARTS: PART_INDEXES,
    Rollups.CUSTOMERS: CUSTOMER_INDEXES,
}
"""By collection."""

__all__ = ["INDEXES", "Counted", "Reports", "Rollups"]
