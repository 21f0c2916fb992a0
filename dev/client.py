"""`client`: a typed client of the whole suite, generated from the merged OpenAPI document; no server is asked."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from dev.home import OperatorError
from dev.routes import applications
from services.gateway.domain.documents import merge

LANGUAGES = ("python",)
PACKAGE = "markethall_client"

_CONFIGURATION = {
    "package_name_override": PACKAGE,
    "project_name_override": PACKAGE.replace("_", "-"),
    "literal_enums": True,
    "docstrings_on_attributes": True,
    "post_hooks": [],
    "content_type_overrides": {"application/x-ndjson": "application/octet-stream"},
}


def merged() -> dict[str, Any]:
    """The document that the gateway shows at ``/openapi.json``, made from the applications themselves."""
    document = merge({name: app.openapi() for name, app in applications().items()})
    schemas = document["components"]["schemas"]
    # A class is called after its title, which services share; the merged names are told apart.
    document["components"]["schemas"] = {name: {**schema, "title": name} for name, schema in schemas.items()}
    return document


def generate(folder: Path) -> None:
    """Write the package ``markethall_client`` into ``folder``. Raises OperatorError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        document, configuration = Path(work, "openapi.json"), Path(work, "configuration.json")
        document.write_text(json.dumps(merged()))
        configuration.write_text(json.dumps(_CONFIGURATION))
        made = Path(work, PACKAGE)
        command = [
            sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--path", str(document),
            "--config", str(configuration), "--output-path", str(made), "--fail-on-warning",
        ]  # fmt: skip
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode != 0 or not made.exists():
            raise OperatorError("the client could not be generated: " + (ended.stdout + ended.stderr)[-2000:])
        target = folder / PACKAGE
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(made, target)


def run(folder: str, language: str, console: Console) -> int:
    """Generate and say how to begin."""
    if language not in LANGUAGES:
        raise OperatorError(f"there is no generator for {language}; known: {', '.join(LANGUAGES)}")
    generate(Path(folder))
    console.print(
        f"{Path(folder) / PACKAGE}: `from {PACKAGE} import AuthenticatedClient`; it needs httpx and attrs.",
        soft_wrap=True,
    )
    return 0
