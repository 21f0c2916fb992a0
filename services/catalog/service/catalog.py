"""Everything that the catalog service does, in one object for routes and handlers."""

from dataclasses import dataclass
from datetime import timedelta

from common.kept_answers import KeptAnswers
from common.messaging.feed import FeedWatcher
from common.runtime import Runtime
from services.catalog.clients.company import Companies
from services.catalog.clients.search_folder import SearchFolder
from services.catalog.clients.search_index import SearchIndex
from services.catalog.clients.search_replica import SHOWN_EVENTS, SearchReplica
from services.catalog.service.carts import CartService
from services.catalog.service.categories import CategoryService
from services.catalog.service.collections import CollectionService
from services.catalog.service.listing import ListingService
from services.catalog.service.products import ProductService
from services.catalog.service.reminders import CartReminders
from services.catalog.service.saved_carts import SavedCartService
from services.catalog.service.searching import SearchReader
from services.catalog.service.suggesting import SuggestionService
from services.catalog.settings import Settings
from services.catalog.store.carts import Carts, SavedCarts
from services.catalog.store.categories import Categories
from services.catalog.store.collections import Collections
from services.catalog.store.products import Products


@dataclass(frozen=True, slots=True)
class Catalog:
    """The use cases by noun, and this process's copy of the search index."""

    products: ProductService
    listing: ListingService
    categories: CategoryService
    carts: CartService
    saved_carts: SavedCartService
    reminders: CartReminders
    suggestions: SuggestionService
    collections: CollectionService
    companies: Companies
    replica: SearchReplica
    watcher: FeedWatcher
    kept: KeptAnswers

    @classmethod
    def compose(cls, runtime: Runtime, settings: Settings) -> "Catalog":
        """Open the stores and put the use cases on them."""
        products, categories, carts = Products(runtime.ground), Categories(runtime.ground), Carts(runtime.ground)
        companies = Companies(runtime.database, runtime.clients)
        folder = SearchFolder.open(settings.search_folder)
        runtime.on_close(folder.close)
        index = SearchIndex(folder.path)
        collections = Collections(runtime.ground)
        commit_seconds = settings.search_commit_milliseconds / 1000
        replica = SearchReplica(index, SearchReader(products, categories), commit_seconds, runtime.kept)
        watcher = runtime.watcher("catalog.search", replica.take, wants=SHOWN_EVENTS)
        replica.follow(watcher.is_watching)
        baskets = CartService(carts, products, companies, runtime.clock, timedelta(minutes=settings.cart_idle_minutes))
        return cls(
            products=ProductService(products, categories, companies, runtime.clock),
            listing=ListingService(products, categories, collections, index),
            categories=CategoryService(categories, products, runtime.clock),
            carts=baskets,
            saved_carts=SavedCartService(SavedCarts(runtime.ground), baskets, runtime.clock),
            reminders=CartReminders(carts, products, companies, runtime.clock, settings.cart_sweep_milliseconds / 1000),
            suggestions=SuggestionService(products, index),
            collections=CollectionService(collections, products, categories, runtime.clock),
            companies=companies,
            replica=replica,
            watcher=watcher,
            kept=runtime.kept,
        )
