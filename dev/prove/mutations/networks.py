"""What row 26 rests on."""

from dev.prove.mutations.mutation import Edit, Mutation

MUTATIONS = [
    Mutation(
        name="broker-heartbeat",
        mechanism="the heartbeat by which a broker that says nothing is noticed",
        row=26,
        services=("sales", "payment", "inventory"),
        edits=(
            Edit(
                "libs/common/messaging/connection.py",
                'url if "heartbeat" in url.query else url.update_query(heartbeat=HEARTBEAT_SECONDS)',
                "url.update_query(heartbeat=0)",
            ),
        ),
    ),
]
