"""Carts in MongoDB; abandoned ones expire."""

from pymongo import IndexModel

from common.mongo.store import Store
from services.catalog.domain.cart import Cart


class Carts(Store[Cart]):
    """The collection ``carts``. The id is derived from token or owner, so that two first calls make one cart."""

    COLLECTION = "carts"
    MODEL = Cart
    WHAT = "cart"
    INDEXES = [
        IndexModel([("companyId", 1), ("publicId", 1)], name="company_public_id", unique=True),
        IndexModel([("expiresAt", 1)], name="expiry", expireAfterSeconds=0),
    ]
    TAKEN = {"_id_": "cart_exists"}
