"""A receipt as text of 42 columns, and as a plain page to print."""

from html import escape

from common.money import Money, exponent
from services.sales.schemas.receipts import ReceiptOut

WIDTH = 42
_STYLE = "body{font-family:sans-serif;margin:1em;max-width:24em}td{padding:.1em .4em}td:last-child{text-align:right}"
_CALLED = {"cash": "Cash", "card": "Card", "on_account": "On account"}

Row = tuple[str, str]


def text_of(receipt: ReceiptOut) -> str:
    """The receipt as lines of at most 42 characters."""
    parts = [_middle(receipt.company_name), _middle(receipt.shop_name), "", *_wrapped(_head(receipt)), "-" * WIDTH]
    for line in _goods(receipt):
        parts += _wrapped([line])
    parts += ["-" * WIDTH, *_wrapped(_sums(receipt)), "", *_wrapped(_taxes(receipt)), "", _middle(receipt.policy)]
    return "\n".join(part.rstrip() for part in parts) + "\n"


def page_of(receipt: ReceiptOut) -> str:
    """The receipt as HTML; everything that people wrote is escaped."""
    title = f"Receipt {escape(receipt.number)}"
    blocks = (_head(receipt), _goods(receipt), _sums(receipt), _taxes(receipt))
    tables = "<hr>".join(f"<table>{''.join(_row(row) for row in block)}</table>" for block in blocks)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(receipt.company_name)}</h1>"
        f"<p>{escape(receipt.shop_name)}</p>{tables}<p>{escape(receipt.policy)}</p></body></html>"
    )


def _head(receipt: ReceiptOut) -> list[Row]:
    rows = [("Receipt", receipt.number), ("Date", receipt.sold_at.strftime("%Y-%m-%d %H:%M"))]
    return [*rows, (f"Customer: {receipt.customer_name}", "")] if receipt.customer_name else rows


def _goods(receipt: ReceiptOut) -> list[Row]:
    rows: list[Row] = []
    for line in receipt.lines:
        rows.append((f"{line.quantity} x {line.name}", _shown(line.unit_price * line.quantity)))
        if line.discount.amount:
            rows.append(("  Discount", f"-{_shown(line.discount)}"))
        if line.returned_quantity:
            rows.append((f"  {line.returned_quantity} returned", ""))
    return rows


def _sums(receipt: ReceiptOut) -> list[Row]:
    totals, currency = receipt.totals, receipt.totals.grand_total.currency
    rows = [] if totals.tax_inclusive else [("Tax", _shown(totals.tax))]
    rows.append((f"Total {currency}", _shown(totals.grand_total)))
    rows += [(_CALLED.get(tender.method, tender.method), _shown(tender.amount)) for tender in receipt.tenders]
    rows += [("Change", _shown(receipt.change))] if receipt.change.amount else []
    return rows + ([("Given back since", _shown(receipt.refunded))] if receipt.refunded.amount else [])


def _taxes(receipt: ReceiptOut) -> list[Row]:
    return [
        (f"{_percent(each.tax_basis_points)} of {_shown(each.net)} net", _shown(each.tax)) for each in receipt.taxes
    ]


def _percent(basis_points: int) -> str:
    """``19 %`` or ``5.5 %``."""
    whole, part = divmod(basis_points, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".") + " %" if part else f"{whole} %"


def _row(row: Row) -> str:
    return f"<tr><td>{escape(row[0])}</td><td>{escape(row[1])}</td></tr>"


def _wrapped(rows: list[Row]) -> list[str]:
    """Left and right on one line; a name too long goes on in the next ones."""
    lines: list[str] = []
    for left, right in rows:
        plain, room = _printable(left), WIDTH - len(right) - 1
        pieces = [plain[start : start + room] for start in range(0, len(plain), room)] or [""]
        lines.append(f"{pieces[0]:<{room}} {right}")
        lines += pieces[1:]
    return lines


def _middle(text: str) -> str:
    return _printable(text)[:WIDTH].center(WIDTH)


def _printable(text: str) -> str:
    """One line: what would move a printer's head becomes a space."""
    return "".join(each if each.isprintable() else " " for each in text)


def _shown(money: Money) -> str:
    digits = exponent(money.currency)
    whole, part = divmod(abs(money.amount), 10**digits)
    sign = "-" if money.amount < 0 else ""
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"
