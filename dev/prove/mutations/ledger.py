"""What row 17 rests on."""

from dev.prove.mutations.mutation import Edit, Mutation

LEDGER = "services/payment/domain/ledger.py"

MUTATIONS = [
    Mutation(
        name="balanced-postings",
        mechanism="the two sides of a posting, and the assertion that they agree",
        row=17,
        services=("payment",),
        edits=(
            Edit(LEDGER, 'assert sum(line.amount for line in self.lines) == 0, "a posting is balanced"', "pass"),
            Edit(
                LEDGER,
                "LedgerLine(account=against, currency=currency, amount=-amount),",
                "LedgerLine(account=against, currency=currency, amount=1 - amount),",
            ),
        ),
    ),
]
