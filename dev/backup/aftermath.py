"""What a suite does once after its databases went back in time."""

from datetime import UTC, datetime

from dev.backup.checking import Held
from dev.backup.snapshot import Client


def settle(client: Client, prefix: str, held: Held) -> list[str]:
    """Makes true what a restored suite must hold; returns what was done, in words."""
    return [_refuse_old_tokens(client, prefix), _look_for_strays(client, prefix, held)]


def _look_for_strays(client: Client, prefix: str, held: Held) -> str:
    """Payment asks the providers what was taken since, and gives back what belongs to orders nobody remembers."""
    moment = held.opening["clusterTime"]
    since = datetime.fromtimestamp(int(moment["seconds"]), UTC)
    told = {"_id": f"{moment['seconds']}.{moment['increment']}", "since": since, "at": datetime.now(UTC)}
    client[f"{prefix}paymentdb"]["restorations"].replace_one({"_id": told["_id"]}, told, upsert=True)
    return f"payment asks the providers what was taken since {since:%H:%M:%S} UTC"


def _refuse_old_tokens(client: Client, prefix: str) -> str:
    """Tokens signed after the snapshot name sessions, roles and revocations that nobody knows any more.

    Without their key none of them is believed; whoever has a session of before the snapshot gets a new token for it.
    """
    client[f"{prefix}authdb"]["signing_keys"].delete_many({})
    return "access tokens of before are refused: auth makes a new signing key"
