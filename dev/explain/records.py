"""What each service keeps of one order, as it is stored."""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from dev.explain.sources import Document, Sources


@dataclass(frozen=True, slots=True)
class Records:
    """One order and everything that stands beside it; empty where a service has not heard of it."""

    order: Document
    returns: list[Document]
    reservation: Document | None
    stock: list[Document]
    movements: list[Document]
    account: Document | None
    payments: list[Document]
    ledger: list[Document]
    debts: list[Document]
    messages: list[Document]
    cart: Document | None

    @property
    def order_id(self) -> str:
        """The order's id."""
        return str(self.order["_id"])

    @property
    def company_id(self) -> str:
        """The company's id."""
        return str(self.order["companyId"])

    def last_change(self) -> datetime:
        """When anything of it was last written."""
        alone = [each for each in (self.order, self.reservation, self.account) if each]
        every = chain(alone, self.returns, self.payments, self.debts, self.messages)
        latest: datetime = max(each["updatedAt"] for each in every)
        return latest

    def ids(self) -> list[str]:
        """Whatever an event of this order may be about: the order itself, its payments, debts, returns, messages."""
        many = (self.returns, self.payments, self.debts, self.messages)
        return [self.order_id, *(each["_id"] for each in chain(*many))]

    def aggregates(self) -> list[tuple[str, str, Document]]:
        """Service, collection and document of everything with an outbox of its own."""
        one = [("sales", "orders", self.order)]
        one += [("inventory", "reservations", self.reservation)] if self.reservation else []
        one += [("payment", "order_accounts", self.account)] if self.account else []
        many = (
            ("sales", "returns", self.returns),
            ("inventory", "stock", self.stock),
            ("payment", "payments", self.payments),
            ("debt", "debts", self.debts),
            ("notification", "notifications", self.messages),
        )
        return one + [(service, name, each) for service, name, found in many for each in found]


def read_records(sources: Sources, order: Document) -> Records:
    """Everything that the services keep of this order."""
    order_id, company = order["_id"], {"companyId": order["companyId"]}
    mine = {**company, "orderId": order_id}
    skus = sorted({line["sku"] for line in order["items"]})
    reservation = sources.one("inventory", "reservations", mine)
    places = {line["warehouseId"] for line in (reservation or {}).get("planned", [])}
    stock = sources.find("inventory", "stock", {**company, "sku": {"$in": skus}})
    returns = sources.find("sales", "returns", mine)
    debts = sources.find("debt", "debts", mine)
    moved = [order_id, *(each["_id"] for each in returns)]
    told = [order_id, *(each["_id"] for each in debts)]
    return Records(
        order=order,
        returns=returns,
        reservation=reservation,
        stock=[row for row in stock if not places or row["warehouseId"] in places],
        movements=sources.find("inventory", "movements", {**company, "reference.id": {"$in": moved}}),
        account=sources.one("payment", "order_accounts", {"_id": order_id, **company}),
        payments=sources.find("payment", "payments", mine),
        ledger=sources.find("payment", "ledger_entries", mine, sort=[("at", 1)]),
        debts=debts,
        messages=sources.find(
            "notification", "notifications", {**company, "reference.id": {"$in": told}}, sort=[("createdAt", 1)]
        ),
        cart=sources.one("catalog", "carts", {**company, "publicId": order["cartId"]}) if order["cartId"] else None,
    )
