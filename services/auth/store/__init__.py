"""What the auth service keeps in MongoDB."""

from services.auth.store.api_keys import ApiKeys, Peppers
from services.auth.store.companies import CompanyStatuses
from services.auth.store.links import Links
from services.auth.store.people import Accounts, Memberships, Roles
from services.auth.store.sessions import Sessions
from services.auth.store.signing_keys import SigningKeys
from services.auth.store.tries import TriesOfAddresses

__all__ = [
    "Accounts",
    "ApiKeys",
    "CompanyStatuses",
    "Links",
    "Memberships",
    "Peppers",
    "Roles",
    "Sessions",
    "SigningKeys",
    "TriesOfAddresses",
]
