"""What row 23 rests on, each taken away."""

from dev.prove.mutations.mutation import Edit, Mutation

_STORE = "libs/common/mongo/store.py"
_IDENTIFY = "libs/common/identity/identify.py"

RECENT = "services/realtime/service/recent.py"

MUTATIONS = [
    Mutation(
        name="tenant-filter",
        mechanism="the company in every question to a store",
        row=23,
        services=("sales",),
        edits=(
            Edit(
                _STORE,
                'return {**(criteria or {}), "companyId": self.company_id}',
                "return dict(criteria or {})",
            ),
        ),
    ),
    Mutation(
        name="tenant-of-kept-answers",
        mechanism="the company that a kept answer belongs to",
        row=23,
        services=("catalog",),
        edits=(Edit("libs/common/web/kept.py", "key = (who.tenant_id, ", 'key = ("", '),),
    ),
    Mutation(
        name="tenant-agreement",
        mechanism="the agreement of all that names the company of a call",
        row=23,
        services=("gateway",),
        edits=(Edit("services/gateway/domain/tenancy.py", "    if len(ids) > 1:", "    if False:"),),
    ),
    Mutation(
        name="tenant-of-token",
        mechanism="the service's own look at whose token it is",
        row=23,
        services=("sales",),
        edits=(
            Edit(
                _IDENTIFY,
                "if claims.company_id is not None and tenant_id is not None and claims.company_id != tenant_id:",
                "if False:",
            ),
        ),
    ),
    Mutation(
        name="tenant-of-context",
        mechanism="the signature of the gateway's context",
        row=23,
        services=("payment",),
        edits=(
            Edit(
                "libs/common/identity/service_tokens.py",
                'options={"require": ["exp", "iat", "aud", "iss"]}',
                'options={"verify_signature": False}',
            ),
        ),
    ),
    Mutation(
        name="tenant-token-signature",
        mechanism="the signature of access tokens",
        row=23,
        services=("gateway",),
        edits=(
            Edit(
                "libs/common/identity/tokens.py",
                'options={"require": ["exp", "iat", "aud", "iss", "sub", "sid", "role"]}',
                'options={"verify_signature": False}',
            ),
        ),
    ),
    Mutation(
        name="tenant-kept-answers",
        mechanism="the company in what an idempotency key belongs to",
        row=23,
        services=("sales",),
        edits=(
            Edit(
                "libs/common/web/idempotency.py",
                "return f\"{principal.tenant_id or ''}:{principal.kind}:{who}\"",
                'return f"{principal.kind}:{who}"',
            ),
        ),
    ),
    Mutation(
        name="tenant-resume",
        mechanism="the company in what a socket is told of the past",
        row=23,
        services=("realtime",),
        edits=(
            Edit(
                "services/realtime/service/session.py",
                'or document.get("companyid") != self._listener.company_id:',
                'or document.get("companyid") is None:',
            ),
            Edit(RECENT, "self._turns.append((company_id, channel))", 'self._turns.append(("", channel))'),
            Edit(RECENT, "self._sent[company_id, channel].append", 'self._sent["", channel].append'),
            Edit(RECENT, "self._sent.get((company_id, channel), ())", 'self._sent.get(("", channel), ())'),
        ),
    ),
    Mutation(
        name="tenant-foreign-facts",
        mechanism="the refusal of a fact about one company in another's name",
        row=23,
        services=("auth",),
        edits=(
            Edit("libs/common/events/envelope.py", 'if about and about != document.get("companyid"):', "if False:"),
        ),
    ),
]
