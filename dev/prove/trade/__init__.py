"""Companies that buy and sell in the proof, and the journal of what their clients were answered."""

from dev.prove.trade.house import Good, House, found
from dev.prove.trade.journal import Journal
from dev.prove.trade.market import CARD, CASH, DECLINED_CARD, Market

__all__ = ["CARD", "CASH", "DECLINED_CARD", "Good", "House", "Journal", "Market", "found"]
