"""What the company service asks of others: auth, and the DNS."""

from services.company.clients.auth import Admin, Auth
from services.company.clients.proofs import Proofs

__all__ = ["Admin", "Auth", "Proofs"]
