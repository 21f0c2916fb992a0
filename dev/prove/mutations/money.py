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
    Mutation(
        "refund-condition",
        "the condition that a refund is no more than what is left",
        16,
        ("payment",),
        (
            Edit(
                "services/payment/domain/refunds.py",
                "if wanted.amount == 0 or wanted.amount > self.refundable.amount:",
                "if wanted.amount == 0:",
            ),
        ),
    ),
]
