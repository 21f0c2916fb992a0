"""Everything that the catalog service does, in one object for routes and handlers."""

from dataclasses import dataclass

from common.messaging.feed import FeedWatcher
from common.runtime import Runtime
from services.catalog.clients.company import Companies
from services.catalog.clients.search_index import SearchIndex
from services.catalog.clients.search_replica import SearchReplica
from services.catalog.service.carts import CartService
from services.catalog.service.categories import CategoryService
from services.catalog.service.listing import ListingService
from services.catalog.service.products import ProductService
from services.catalog.service.searching import SearchReader
from services.catalog.store.carts import Carts
from services.catalog.store.categories import Categories
from services.catalog.store.products import Products


@dataclass(frozen=True, slots=True)
class Catalog:
    """The use cases by noun, and this process's copy of the search index."""

    products: ProductService
    listing: ListingService
    categories: CategoryService
    carts: CartService
    companies: Companies
    replica: SearchReplica
    watcher: FeedWatcher

    @classmethod
    def compose(cls, runtime: Runtime, commit_seconds: float) -> "Catalog":
        """Open the stores and put the use cases on them."""
        products, categories, carts = Products(runtime.ground), Categories(runtime.ground), Carts(runtime.ground)
        companies = Companies(runtime.database, runtime.clients)
        index = SearchIndex()
        replica = SearchReplica(index, SearchReader(products, categories), commit_seconds)
        watcher = runtime.watcher("catalog.search", replica.take)
        replica.follow(watcher.is_watching)
        return cls(
            products=ProductService(products, categories, companies, runtime.clock),
            listing=ListingService(products, categories, index),
            categories=CategoryService(categories, products, runtime.clock),
            carts=CartService(carts, products, companies, runtime.clock),
            companies=companies,
            replica=replica,
            watcher=watcher,
        )
