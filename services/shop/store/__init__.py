"""What the shop service stores."""

from services.shop.store.shops import Shops
from services.shop.store.storefronts import Storefronts

__all__ = ["Shops", "Storefronts"]
