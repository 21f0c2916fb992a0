"""The sandbox's own routes: what was sent, and faults on request."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from dev.sandbox import overview, overview_page, sent
from dev.sandbox.faults import FaultBoard, Faults, FaultsRefused, describe_faults, parse_faults
from dev.sandbox.mailbox import Mailbox
from dev.sandbox.page import SAFE_HEADERS
from dev.sandbox.paypal.webhooks import FROM_ENVIRONMENT
from dev.sandbox.requests import from_elsewhere, read_body
from dev.sandbox.rules import RuleBoard, RuleRefused
from dev.sandbox.schema import EMPTIED_BY_RESET
from dev.sandbox.storage import Storage
from dev.sandbox.stripe.webhook_endpoints import FIXED_ID

PAGE_LIMIT = 500
ON_PAGE = 25
ROOTS = ("_inspect", "_sandbox")


@dataclass(frozen=True)
class Inspection:
    """The routes beside Stripe's own; `wake` says that webhooks may be due."""

    storage: Storage
    mailbox: Mailbox
    faults: FaultBoard
    rules: RuleBoard
    wake: Callable[[], None]

    def routes(self) -> list[Route]:
        """For the application's router."""
        return [
            Route("/", self.page),
            Route("/health", self.health),
            Route("/_sandbox/counts", self.counts),
            Route("/_sandbox/payments", self.payments),
            Route("/_sandbox/refunds", self.refunds),
            Route("/_sandbox/webhooks", self.webhooks),
            Route("/_sandbox/mails", self.mails),
            Route("/_sandbox/faults", self.read_faults),
            Route("/_sandbox/faults", self.ask_for_faults, methods=["POST"]),
            Route("/_sandbox/faults", self.clear_faults, methods=["DELETE"]),
            *(Route(f"/{root}/paypal", self.paypal) for root in ROOTS),
            *(Route(f"/{root}/messages", self.messages) for root in ROOTS),
            *(Route(f"/{root}/pushes", self.pushes) for root in ROOTS),
            *(Route(f"/{root}/callbacks", self.callbacks) for root in ROOTS),
            Route("/_inspect/counts", self.counts),
            Route("/_inspect/payments", self.payments),
            Route("/_inspect/refunds", self.refunds),
            Route("/_inspect/webhooks", self.webhooks),
            Route("/_inspect/mails", self.mails),
            Route("/_faults", self.read_rules),
            Route("/_faults", self.put_rules, methods=["POST"]),
            Route("/_faults", self.clear_rules, methods=["DELETE"]),
            Route("/_sandbox/reset", self.reset, methods=["POST"]),
        ]

    async def health(self, request: Request) -> Response:
        """Answers once storage does."""
        await self.storage.run(lambda db: db.execute("SELECT 1").fetchone())
        return JSONResponse({"status": "ok"})

    async def page(self, request: Request) -> Response:
        """The page for people."""
        counted = await self.storage.run(_counts)
        shown = overview_page.Overview(
            counts=counted,
            payments=(await self.storage.run(lambda db: overview.payments(db, limit=ON_PAGE)))["items"],
            refunds=(await self.storage.run(lambda db: overview.refunds(db, limit=ON_PAGE)))["items"],
            webhooks=(await self.storage.run(lambda db: overview.webhooks(db, limit=ON_PAGE)))["items"],
            mails=(await self.mailbox.listing(limit=ON_PAGE))["items"],
            orders=(await self.storage.run(lambda db: sent.paypal_orders(db, limit=ON_PAGE)))["items"],
            messages=(await self.storage.run(lambda db: sent.messages(db, limit=ON_PAGE)))["items"],
            pushes=(await self.storage.run(lambda db: sent.pushes(db, limit=ON_PAGE)))["items"],
            callbacks=(await self.storage.run(_callbacks))["items"],
            faults=describe_faults(self.faults.current),
            rules=[rule for rule in self.rules.listing() if rule.get("times") != 0],
        )
        return HTMLResponse(overview_page.render(shown), headers=SAFE_HEADERS)

    async def counts(self, request: Request) -> Response:
        """How much of everything."""
        return JSONResponse(await self.storage.run(_counts))

    async def payments(self, request: Request) -> Response:
        """?idempotencyKey=&companyId=&limit=&offset="""
        query, limit, offset = request.query_params, _limit(request), _offset(request)
        key, company_id = query.get("idempotencyKey"), query.get("companyId")
        return JSONResponse(
            await self.storage.run(
                lambda db: overview.payments(db, key=key, company_id=company_id, limit=limit, offset=offset)
            )
        )

    async def refunds(self, request: Request) -> Response:
        """?limit="""
        limit = _limit(request)
        return JSONResponse(await self.storage.run(lambda db: overview.refunds(db, limit=limit)))

    async def webhooks(self, request: Request) -> Response:
        """?state=&subject=&limit="""
        query, limit = request.query_params, _limit(request)
        return JSONResponse(
            await self.storage.run(
                lambda db: overview.webhooks(db, state=query.get("state"), subject=query.get("subject"), limit=limit)
            )
        )

    async def mails(self, request: Request) -> Response:
        """?to=&messageId=&limit=, or ?domain=&limit=&offset= for the mails' heads alone."""
        query, limit = request.query_params, _limit(request)
        if "domain" in query:
            return JSONResponse(await self.mailbox.heads(query["domain"], limit=limit, offset=_offset(request)))
        return JSONResponse(
            await self.mailbox.listing(to=query.get("to"), message_id=query.get("messageId"), limit=limit)
        )

    async def paypal(self, request: Request) -> Response:
        """?requestId=&limit="""
        request_id, limit = request.query_params.get("requestId"), _limit(request)
        found = await self.storage.run(lambda db: sent.paypal_orders(db, request_id=request_id, limit=limit))
        return JSONResponse(found)

    async def messages(self, request: Request) -> Response:
        """?to=&limit="""
        to, limit = request.query_params.get("to"), _limit(request)
        return JSONResponse(await self.storage.run(lambda db: sent.messages(db, to=to, limit=limit)))

    async def pushes(self, request: Request) -> Response:
        """?token=&limit="""
        token, limit = request.query_params.get("token"), _limit(request)
        return JSONResponse(await self.storage.run(lambda db: sent.pushes(db, token=token, limit=limit)))

    async def callbacks(self, request: Request) -> Response:
        """?provider=&subject=&limit="""
        query, limit = request.query_params, _limit(request)
        provider, subject = query.get("provider"), query.get("subject")
        found = await self.storage.run(lambda db: sent.callbacks(db, provider=provider, subject=subject, limit=limit))
        return JSONResponse(found)

    async def read_faults(self, request: Request) -> Response:
        """The faults in force."""
        return JSONResponse(describe_faults(self.faults.current))

    async def ask_for_faults(self, request: Request) -> Response:
        """Change the faults in force; what is not named stays."""
        if from_elsewhere(request):
            return JSONResponse({"error": "cross-site request"}, 403)
        try:
            faults = parse_faults(self.faults.current, json.loads(await read_body(request)))
        except (FaultsRefused, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        await self.faults.put(faults)
        self.wake()
        return JSONResponse(describe_faults(faults))

    async def clear_faults(self, request: Request) -> Response:
        """No faults any more; what was held goes out."""
        if from_elsewhere(request):
            return JSONResponse({"error": "cross-site request"}, 403)
        await self.faults.put(Faults())
        self.wake()
        return JSONResponse(describe_faults(self.faults.current))

    async def read_rules(self, request: Request) -> Response:
        """The rules in force and the used up ones."""
        return JSONResponse({"rules": self.rules.listing()})

    async def put_rules(self, request: Request) -> Response:
        """Add a rule, or a list of them."""
        if from_elsewhere(request):
            return JSONResponse({"error": "cross-site request"}, 403)
        try:
            asked = json.loads(await read_body(request))
            put = [self.rules.put(each).body for each in (asked if isinstance(asked, list) else [asked])]
        except (RuleRefused, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(put if isinstance(asked, list) else put[0], 201)

    async def clear_rules(self, request: Request) -> Response:
        """No rules any more."""
        if from_elsewhere(request):
            return JSONResponse({"error": "cross-site request"}, 403)
        self.rules.clear()
        return Response(status_code=204)

    async def reset(self, request: Request) -> Response:
        """Forget everything but the endpoint from the environment."""
        if from_elsewhere(request):
            return JSONResponse({"error": "cross-site request"}, 403)

        def empty(db: sqlite3.Connection) -> None:
            for table in EMPTIED_BY_RESET:
                db.execute(f"DELETE FROM {table}")
            db.execute("DELETE FROM endpoints WHERE id <> ?", (FIXED_ID,))
            db.execute("DELETE FROM paypal_objects WHERE parent IS NOT ?", (FROM_ENVIRONMENT,))

        await self.storage.run(empty)
        self.rules.clear()
        await self.faults.put(Faults())
        return Response(status_code=204)


def _counts(db: sqlite3.Connection) -> dict[str, Any]:
    return {**overview.counts(db), **sent.counts(db)}


def _callbacks(db: sqlite3.Connection) -> dict[str, Any]:
    return sent.callbacks(db, provider=None, subject=None, limit=ON_PAGE)


def _limit(request: Request) -> int:
    asked = request.query_params.get("limit", "")
    return max(1, min(int(asked), PAGE_LIMIT)) if asked.isdecimal() and len(asked) < 9 else 50


def _offset(request: Request) -> int:
    asked = request.query_params.get("offset", "")
    return int(asked) if asked.isdecimal() and len(asked) < 9 else 0
