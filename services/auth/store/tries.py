"""Tries of passwords and tokens."""

from pymongo import IndexModel

from common.mongo.store import Store
from services.auth.domain import Tries

DAY_SECONDS = 86_400


class TriesOfAddresses(Store[Tries]):
    """The collection ``sign_in_tries``; a day is longer than any window, and than a broker's absence."""

    COLLECTION = "sign_in_tries"
    MODEL = Tries
    INDEXES = [IndexModel([("since", 1)], name="expiry", expireAfterSeconds=DAY_SECONDS)]
    TAKEN = {"_id_": "tries_taken"}
