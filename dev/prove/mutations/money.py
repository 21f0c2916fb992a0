"""What the rows about sums rest on."""

from dev.prove.mutations.mutation import Edit, Mutation

MUTATIONS = [
    Mutation(
        "largest-remainder",
        "the minor units that an even split leaves over",
        18,
        ("sales",),
        (Edit("libs/common/money.py", "extra = set(by_remainder[:left])", "extra = set(by_remainder[:0])"),),
    ),
]
