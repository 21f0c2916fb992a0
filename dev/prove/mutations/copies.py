"""What row 30 rests on, taken away."""

from dev.prove.mutations.mutation import Edit, Mutation

MUTATIONS = [
    Mutation(
        "order-version",
        "the version in an order's save, which lets one of several copies win",
        30,
        ("sales",),
        (
            Edit(
                "libs/common/mongo/store.py",
                'criteria: dict[str, Any] = {"_id": aggregate.id, "version": aggregate.version}',
                'criteria: dict[str, Any] = {"_id": aggregate.id}',
            ),
        ),
    ),
]
