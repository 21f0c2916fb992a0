"""What rows 5 to 9 rest on."""

from dev.prove.mutations.mutation import Edit, Mutation

OUTBOX = "libs/common/outbox.py"
ACTING = ("sales", "payment", "inventory")
WRITING = (*ACTING, "notification", "audit", "analytics")

MUTATIONS = [
    Mutation(
        name="outbox-poll",
        mechanism="the poll behind the relay, which finds what a killed process had not sent",
        row=5,
        services=("sales",),
        edits=(
            Edit(
                OUTBOX,
                'if (collection, document["_id"]) not in self._queues:',
                'if (collection, document["_id"]) in self._queues:',
            ),
        ),
    ),
    Mutation(
        name="ack-after-commit",
        mechanism="the ack that waits for the handler's commit",
        row=5,
        services=("payment", "inventory"),
        edits=(
            Edit(
                "libs/common/messaging/consumer.py",
                """            await self._handle_all(message.body, attempt)
            await message.ack()""",
                """            await message.ack()
            await self._handle_all(message.body, attempt)""",
            ),
        ),
    ),
    Mutation(
        name="counted-once",
        mechanism="the ids of the events that analytics has counted",
        row=6,
        services=("analytics",),
        edits=(
            Edit(
                "services/analytics/store/rollups.py",
                "for event_id, region, effect in counted if event_id not in known}",
                "for event_id, region, effect in counted}",
            ),
            Edit(
                "services/analytics/store/rollups.py",
                'await self._inbox.insert_many([{"_id": each, "at": at} for each in fresh], session=session)',
                "pass",
            ),
        ),
    ),
    Mutation(
        name="publisher-confirms",
        mechanism="the broker's confirm of every message",
        row=7,
        services=ACTING,
        edits=(
            Edit(
                "libs/common/messaging/publisher.py",
                "channel = await self._connection.channel(confirms=True)",
                "channel = await self._connection.channel(confirms=False)",
            ),
        ),
    ),
    Mutation(
        name="unconfirmed-again",
        mechanism="the second sending of what was not confirmed",
        row=7,
        services=ACTING,
        edits=(
            Edit(
                OUTBOX,
                """            await asyncio.sleep(0.5)
            return []""",
                """            await asyncio.sleep(0.5)
            return entries""",
            ),
        ),
    ),
    Mutation(
        name="acknowledged-writes",
        mechanism="the journal and the majority that an answer waits for",
        row=8,
        services=WRITING,
        edits=(Edit("libs/common/mongo/client.py", 'w="majority",', "w=1, journal=False,"),),
    ),
    Mutation(
        name="answers-before-sending",
        mechanism="the answer that does not wait for the broker",
        row=9,
        services=("sales",),
        edits=(
            Edit(
                "services/sales/store/orders.py",
                """        self._settle(order, sealed, offer=True)
        return order
""",
                """        self._settle(order, sealed, offer=True)
        await self.ground.outbox.drain(8.0)
        return order
""",
            ),
        ),
    ),
]
