"""The frame of the sandbox's pages: one style, no script, everything escaped."""

from html import escape

SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #667085; --line: #e4e7ec; --paper: #fff;
  --ground: #f6f7f9; --good: #067647; --bad: #b42318; --wait: #8a5a00; --accent: #3538cd; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #2b3444;
  --paper: #171d27; --ground: #0f141c; --good: #47cd89; --bad: #f97066; --wait: #fdb022;
  --accent: #a4bcfd; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 64px; }
header { display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: baseline;
  justify-content: space-between; }
h1 { font-size: 22px; margin: 0; }
h2 { font-size: 16px; margin: 32px 0 10px; }
p { margin: 6px 0; }
.soft { color: var(--soft); }
a { color: var(--accent); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px;
  margin-top: 20px; }
.tile, .card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  padding: 14px 16px; }
.tile b { display: block; font-size: 21px;
  overflow-wrap: anywhere; line-height: 1.25; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; background: var(--paper); border: 1px solid var(--line);
  border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 9px 14px; border-bottom: 1px solid var(--line);
  vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 500; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: 13px ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); } .wait { color: var(--wait); }
.empty { padding: 18px 16px; color: var(--soft); }
summary { cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 8px 0 0; font-size: 13px; }
.notice { margin-top: 16px; border-left: 3px solid var(--wait); }
.narrow { max-width: 460px; margin: 8vh auto; }
.narrow .card { padding: 28px; }
.sum { font-size: 30px; font-weight: 600; margin: 12px 0 4px; font-variant-numeric: tabular-nums; }
button { font: inherit; font-weight: 600; padding: 11px 18px; border-radius: 8px;
  border: 1px solid var(--line);
  background: var(--paper); color: var(--ink); cursor: pointer; }
button.main { background: #3538cd; border-color: #3538cd; color: #fff; }
button:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid var(--accent);
  outline-offset: 2px; }
form { display: flex; flex-wrap: wrap; gap: 10px; margin-top: 22px; }
"""

_ZERO_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"


def document(title: str, content: str) -> str:
    """A whole page; `content` is markup whose values were escaped by whoever made it."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{content}</main></body></html>"
    )


def decimals(currency: str) -> int:
    """How many digits a currency has behind its point."""
    return 0 if currency.lower() in _ZERO_DECIMALS.split() else 2


def money(amount_minor: int, currency: str) -> str:
    """Minor units for people to read: `12.34 GBP`."""
    name = currency.upper()
    if decimals(currency) == 0:
        return f"{amount_minor:,} {name}"
    whole, part = divmod(amount_minor, 100)
    return f"{whole:,}.{part:02d} {name}"
