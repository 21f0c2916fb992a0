"""Makes the use cases out of an open runtime."""

from dataclasses import dataclass

from pydantic import SecretStr

from common.encryption import Sealer
from common.runtime import Runtime
from services.sales.clients import Neighbours
from services.sales.service.access import Access
from services.sales.service.bulk import BulkService
from services.sales.service.changing import OrderService
from services.sales.service.copies import Copies
from services.sales.service.customers import CustomerService
from services.sales.service.endings import Endings
from services.sales.service.held import HeldService
from services.sales.service.notes import NoteService
from services.sales.service.placing import PlacingService
from services.sales.service.receipts import ReceiptService
from services.sales.service.returns import ReturnService
from services.sales.service.saga import Saga
from services.sales.service.statistics import StatisticsService
from services.sales.service.sweeper import Sweeper, overdue_orders
from services.sales.service.till import TillService
from services.sales.service.views import ViewService
from services.sales.store import Customers, Instruments, Notes, NumberSeries, Orders, Views, instruments
from services.sales.store.held import HeldSales
from services.sales.store.returns import Returns


@dataclass(frozen=True, slots=True)
class SalesService:
    """What routes, handlers and loops call."""

    placing: PlacingService
    orders: OrderService
    bulk: BulkService
    statistics: StatisticsService
    notes: NoteService
    views: ViewService
    saga: Saga
    till: TillService
    returns: ReturnService
    held: HeldService
    receipts: ReceiptService
    customers: CustomerService
    copies: Copies
    sweeper: Sweeper


def assemble(runtime: Runtime, key: SecretStr, sweep_milliseconds: int) -> SalesService:
    """Declare the stores and wire the use cases; ``key`` seals instruments and makes guests' tokens."""
    runtime.declare(Orders, Customers, Notes, Views, Returns, HeldSales)
    runtime.declare_indexes(instruments.COLLECTION, instruments.INDEXES)
    clock, database = runtime.clock, runtime.database
    orders, records = Orders(runtime.ground), Customers(runtime.ground)
    tokens, numbers = Instruments(database, Sealer(key)), NumberSeries(database)
    neighbours, endings = Neighbours(runtime.clients), Endings()
    copies, customers = Copies(database, neighbours), CustomerService(records, clock)
    access = Access(orders, customers)
    till = TillService(orders, records, copies, numbers, access, clock)
    changing = OrderService(orders, access, tokens, endings, clock)
    sweeper = Sweeper(orders, endings, clock, sweep_milliseconds)
    runtime.measures.add(overdue_orders, sweeper.left_behind)
    return SalesService(
        placing=PlacingService(orders, customers, copies, neighbours, numbers, tokens, endings, clock, key),
        orders=changing,
        bulk=BulkService(changing),
        statistics=StatisticsService(orders, access, copies, clock),
        notes=NoteService(Notes(runtime.ground), access, records, clock),
        views=ViewService(Views(runtime.ground), clock),
        saga=Saga(orders, endings, clock),
        till=till,
        returns=ReturnService(orders, Returns(runtime.ground), copies, numbers, access, clock),
        held=HeldService(HeldSales(runtime.ground), copies, customers, clock),
        receipts=ReceiptService(orders, till, copies),
        customers=customers,
        copies=copies,
        sweeper=sweeper,
    )
