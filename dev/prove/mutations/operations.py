"""What rows 27, 28, 32 and 33 rest on, each taken away."""

from dev.prove.mutations.mutation import Edit, Mutation

MUTATIONS = [
    Mutation(
        name="restore-resend",
        mechanism="the sending again of what only the lost broker had",
        row=28,
        services=("payment",),
        edits=(
            Edit(
                "libs/common/resending.py",
                "        async with self._lease.held() as fence:",
                "        if True:\n            return\n        async with self._lease.held() as fence:",
            ),
        ),
    ),
    Mutation(
        name="restore-tokens",
        mechanism="the new signing key after a restore",
        row=28,
        services=("payment",),
        edits=(
            Edit("dev/backup/aftermath.py", '["signing_keys"].delete_many({})', '["signing_keys"].count_documents({})'),
        ),
    ),
    Mutation(
        name="pool-patience",
        mechanism="the end of the wait for a connection",
        row=32,
        services=("sales",),
        edits=(Edit("libs/common/mongo/client.py", "        waitQueueTimeoutMS=POOL_WAIT_MS,\n", ""),),
    ),
    Mutation(
        name="one-clock",
        mechanism="the clock that every service takes from the database",
        row=33,
        services=("sales", "payment", "inventory"),
        edits=(
            Edit(
                "libs/common/runtime.py",
                'moved = self.clock.follow(told["localTime"], before, self.clock.now())',
                "moved = 0.0",
            ),
        ),
    ),
    Mutation(
        "leaving-in-good-order",
        "a copy that asks its callers to leave, and answers what is under way, before it goes",
        27,
        ("gateway", "sales", "payment", "inventory"),
        (
            Edit(
                "libs/common/web/leaving.py",
                "        await super().main_loop()\n",
                "        await super().main_loop()\n        return\n",
            ),
            Edit(
                "libs/common/serve.py",
                "timeout_graceful_shutdown=settings.drain_seconds",
                "timeout_graceful_shutdown=0",
            ),
        ),
    ),
]
