"""A packing slip as a plain page to print."""

from html import escape

from common.events.parts import PostalAddress
from services.sales.schemas.packing import PackingSlip

_STYLE = "body{font-family:sans-serif;margin:2em}td,th{padding:.3em 1em;text-align:left}address{margin:1em 0}"


def page_of(slip: PackingSlip) -> str:
    """The slip as HTML; everything that people wrote is escaped."""
    rows = "".join(
        f"<tr><td>{escape(line.sku)}</td><td>{escape(line.name)}</td><td>{line.quantity}</td></tr>"
        for line in slip.items
    )
    facts = [("Parcel", slip.fulfilment_id), ("Tracking", slip.tracking), ("Note", slip.note)]
    shown = "".join(f"<p>{name}: {escape(value)}</p>" for name, value in facts if value)
    title = f"Packing slip {escape(slip.number)}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{_address(slip)}{shown}"
        f"<table><thead><tr><th>SKU</th><th>Article</th><th>Pieces</th></tr></thead><tbody>{rows}</tbody></table>"
        "</body></html>"
    )


def _address(slip: PackingSlip) -> str:
    place: PostalAddress | None = slip.shipping_address
    if place is None:
        return f"<p>{escape(slip.customer_name)}</p>" if slip.customer_name else ""
    town = " ".join(part for part in (place.postal_code, place.city) if part)
    lines = [place.name or slip.customer_name, place.line1, place.line2, town, place.region, place.country]
    return f"<address>{'<br>'.join(escape(line) for line in lines if line)}</address>"
