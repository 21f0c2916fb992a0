"""What `up` says at its end: the address to open and how to sign in."""

from rich.console import Console
from rich.table import Table

from dev.home import SANDBOX_HTTP, Home
from dev.provision.environments import administrator, has_real_provider
from dev.provision.management import ManagementApi
from dev.secret_store import SecretStore


def welcome(home: Home, console: Console) -> None:
    """Prints the addresses, and the administrator's password the first time only."""
    secrets = SecretStore(home.secrets)
    email, password = administrator(secrets)
    first = secrets.find("administrator.shown") is None
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("Markethall", home.service_url("gateway"))
    table.add_row("API pages", home.service_url("gateway") + "/docs")
    table.add_row("sign in as", email)
    table.add_row("password", password if first else f"in {home.secrets} (administrator.password)")
    if not has_real_provider():
        table.add_row("provider sandbox", f"http://127.0.0.1:{home.port(SANDBOX_HTTP)}")
    if management := secrets.find("address.management"):
        table.add_row("RabbitMQ", ManagementApi(management).page)
    console.print(table)
    if first:
        secrets.put("administrator.shown", "yes")
