"""Shops in MongoDB."""

from pymongo import IndexModel

from common.mongo.store import Store
from services.shop.domain.shop import Shop


class Shops(Store[Shop]):
    """The collection ``shops``."""

    COLLECTION = "shops"
    MODEL = Shop
    WHAT = "shop"
    INDEXES = [
        IndexModel([("companyId", 1), ("code", 1)], name="company_code", unique=True),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("name", 1), ("_id", 1)], name="company_name"),
        IndexModel([("companyId", 1), ("staff.userId", 1)], name="company_staff"),
        IndexModel([("companyId", 1), ("status", 1)], name="company_status"),
    ]
    TAKEN = {"company_code": "code_taken"}
