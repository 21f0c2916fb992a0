"""What the rows about the broker and the feed rest on."""

from dev.prove.mutations.mutation import Edit, Mutation

CONSUMER, FEED = "libs/common/messaging/consumer.py", "libs/common/messaging/feed.py"

MUTATIONS = [
    Mutation(
        "binding-look",
        "the look at the broker's own list before bindings are declared again",
        12,
        ("sales", "inventory", "payment", "notification"),
        (Edit(CONSUMER, "            bound = await self._watch.look()\n", "            pass\n"),),
    ),
    Mutation(
        "gap-read",
        "the reading of what a queue missed from the feed",
        12,
        ("sales", "inventory", "payment", "notification"),
        (
            Edit(
                "libs/common/messaging/gaps.py",
                "            count = await read_gap(self._connection, gap, self._handle)\n",
                "            count = 0\n",
            ),
        ),
    ),
    Mutation(
        "resend",
        "the sending again of what an empty broker never had",
        29,
        ("sales",),
        (Edit("libs/common/resending.py", "            await self._serve(epoch, fence)\n", "            pass\n"),),
    ),
    Mutation(
        "tries-bounded",
        "the bound of tries, after which a message is laid aside",
        11,
        ("sales", "inventory"),
        (Edit(CONSUMER, "        if attempt >= limit:\n", "        if attempt >= 1000 * limit:\n"),),
    ),
    Mutation(
        "unreadable-aside",
        "the laying aside of what a queue's consumer cannot read",
        11,
        ("sales", "inventory"),
        (Edit(CONSUMER, '            await self._bury(body, attempt, f"unreadable: {error}")\n', ""),),
    ),
    Mutation(
        "watchers-aside",
        "the laying aside of what a watcher of the feed cannot read",
        11,
        ("audit",),
        (Edit(FEED, "                await self._bury(to_json([document]), repr(error))\n", "                pass\n"),),
    ),
    Mutation(
        "watcher-fence",
        "the lease of a watcher: that one copy at a time takes the feed's events",
        10,
        ("audit", "analytics"),
        (
            Edit(
                "libs/common/messaging/positions.py", '{"_id": watcher, "fence": {"$lte": fence}}', '{"_id": watcher}'
            ),
            Edit("libs/common/lease.py", "            task.cancel()\n", "            pass\n"),
        ),
    ),
]
