"""The report: proof/report.json for programs, proof/report.html to read."""

import html
import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from dev.prove.rows import Scale
from dev.prove.verdict import Verdict

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c1e21 }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #d8dce1 }
td.n { text-align: right; font-variant-numeric: tabular-nums }
.green { color: #12693a } .red { color: #b3261e; font-weight: 600 }
h2 { margin-top: 2.2rem; font-size: 1.1rem } .claim { color: #50565e }
"""


def document(verdicts: Sequence[Verdict], *, scale: Scale, seed: str, seconds: float) -> dict[str, Any]:
    """The whole report for programs."""
    return {
        "suite": metadata.version("markethall"),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "scale": str(scale),
        "seed": seed,
        "seconds": round(seconds, 1),
        "green": sum(verdict.is_green for verdict in verdicts),
        "red": sum(not verdict.is_green for verdict in verdicts),
        "rows": [verdict.document() for verdict in sorted(verdicts, key=lambda each: each.number)],
    }


def write(folder: Path, report: dict[str, Any]) -> None:
    """Writes both forms into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report, indent=1, default=str) + "\n")
    (folder / "report.html").write_text(page(report))


def page(report: dict[str, Any]) -> str:
    """The report as one page that needs nothing else."""
    rows = report["rows"]
    summary = "".join(
        f"<tr><td class=n>{row['row']}</td><td><a href='#r{row['row']}'>{_text(row['name'])}</a></td>"
        f"<td>{_text(row['claim'])}</td><td class={row['verdict']}>{row['verdict']}</td>"
        f"<td class=n>{row['seconds']}</td></tr>"
        for row in rows
    )
    told = (
        f"{report['green']} of {len(rows)} guarantees shown at scale {report['scale']} with seed "
        f"{_text(report['seed'])}, {report['at']}, version {_text(report['suite'])}, in {report['seconds']} s on "
        f"{report['machine']['cores']} cores. One node of each server: what three would add stands in "
        "docs/guarantees.md."
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Markethall's proof</title><style>{_STYLE}</style>"
        f"<h1>Markethall's proof</h1><p>{told}</p><table><tr><th>#</th><th>guarantee</th><th>claim</th>"
        f"<th>verdict</th><th>s</th></tr>{summary}</table>{''.join(_section(row) for row in rows)}</html>\n"
    )


def _section(row: dict[str, Any]) -> str:
    checks = "".join(
        f"<tr><td>{_text(check['name'])}</td><td>{_text(check['expected'])}</td><td>{_text(check['seen'])}</td>"
        f"<td class={'green' if check['ok'] else 'red'}>{'holds' if check['ok'] else 'fails'}</td></tr>"
        for check in row["checks"]
    )
    counts = ", ".join(f"{_text(name)} {value:,}" for name, value in row["counts"].items())
    notes = "".join(f"<p>{_text(note)}</p>" for note in row["notes"])
    error = f"<pre class=red>{_text(row['error'])}</pre>" if row["error"] else ""
    return (
        f"<h2 id=r{row['row']}>{row['row']} · {_text(row['name'])} "
        f"<span class={row['verdict']}>{row['verdict']}</span></h2><p class=claim>{_text(row['claim'])}</p>"
        f"<p>seed {_text(row['seed'])}; {counts}</p>{notes}{error}"
        f"<table><tr><th>check</th><th>expected</th><th>seen</th><th></th></tr>{checks}</table>"
    )


def _text(value: Any) -> str:
    return html.escape(str(value))
