"""Rows of the other names of routes, and of addresses whose feature is not built yet."""

import re
from dataclasses import replace

from dev.walk.callers import EVERYBODY, EXPIRED, SCOPELESS
from dev.walk.rows import Row
from services.gateway.domain.aliases import ALIASES, NOT_BUILT_YET, Alias

_PARAMETER = re.compile(r"\{([^}]*)\}")


def alias_rows(rows: list[Row]) -> list[Row]:
    """A row for each alias: what the canonical route's row says, at the other address."""
    by_shape = {_PARAMETER.sub("{}", row.route): row for row in rows}
    return [_row(alias, by_shape[_shape(alias)]) for alias in ALIASES]


def unbuilt_rows() -> list[Row]:
    """A row for each address that is not built yet: 501, whoever asks."""
    return [
        Row(
            known,
            EVERYBODY | {SCOPELESS, EXPIRED},
            ids=dict.fromkeys(_PARAMETER.findall(known), "company"),
            body=None if known.startswith(("GET", "DELETE")) else lambda _: {},
            ok=frozenset({501}),
            foreign=frozenset({501}),
        )
        for known in NOT_BUILT_YET
    ]


def _shape(alias: Alias) -> str:
    return _PARAMETER.sub("{}", alias.canonical.partition("?")[0])


def _row(alias: Alias, canonical: Row) -> Row:
    """The parameters of an alias mean what stands in their place in the canonical address."""
    path = alias.canonical.partition("?")[0]
    names = dict(zip(_PARAMETER.findall(path), _PARAMETER.findall(canonical.route), strict=True))
    known = _PARAMETER.findall(alias.known)
    ids = {name: canonical.ids[names[name]] for name in known if name in names}
    ids |= {alias.tenant: "company"} if alias.tenant else {}
    fresh = frozenset(name for name in ids if names.get(name) in canonical.fresh)
    hidden = {
        who: {name: kinds[names[name]] for name in ids if names.get(name) in kinds}
        for who, kinds in canonical.hidden.items()
    }
    return replace(canonical, route=alias.known, ids=ids, fresh=fresh, hidden=hidden, tenant=alias.tenant)
