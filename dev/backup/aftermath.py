"""What a suite does once after its databases went back in time."""

from dev.backup.checking import Held
from dev.backup.snapshot import Client


def settle(client: Client, prefix: str, held: Held) -> list[str]:
    """Makes true what a restored suite must hold; returns what was done, in words."""
    return [_refuse_old_tokens(client, prefix)]


def _refuse_old_tokens(client: Client, prefix: str) -> str:
    """Tokens signed after the snapshot name sessions, roles and revocations that nobody knows any more.

    Without their key none of them is believed; whoever has a session of before the snapshot gets a new token for it.
    """
    client[f"{prefix}authdb"]["signing_keys"].delete_many({})
    return "access tokens of before are refused: auth makes a new signing key"
