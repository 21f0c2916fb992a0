"""What the rows about secrets and about one fallen service rest on."""

from dev.prove.mutations.mutation import Edit, Mutation

MUTATIONS = [
    Mutation(
        "internal-callers",
        "the names of the services that may call a route between services",
        35,
        ("auth", "sales", "catalog", "shop"),
        (Edit("libs/common/identity/requires.py", "if principal.id not in self.callers:", "if not principal.id:"),),
    ),
    Mutation(
        "card-numbers",
        "the refusal of card numbers in every body",
        38,
        ("auth", "company", "shop", "catalog", "sales", "payment", "inventory", "notification", "debt"),
        (Edit("libs/common/web/schema.py", "            if held:\n", "            if held == [None]:\n"),),
    ),
    Mutation(
        "sealed-instruments",
        "the seal on the payment tokens of orders",
        38,
        ("sales",),
        (
            Edit(
                "services/sales/store/instruments.py",
                '            "companyId": company_id,\n            "sealed"',
                '            "companyId": company_id,\n            "plain": token,\n            "sealed"',
            ),
        ),
    ),
]
