"""What the row about the audit log rests on."""

from dev.prove.mutations.mutation import Edit, Mutation

CHAIN = "services/audit/domain/chain.py"

MUTATIONS = [
    Mutation(
        "audit-hash",
        "the hash of each event",
        25,
        ("audit",),
        (Edit(CHAIN, '            if hash_of(event) != event["hash"]:\n', "            if False:\n"),),
    ),
    Mutation(
        "audit-links",
        "the link of each event to the one before",
        25,
        ("audit",),
        (Edit(CHAIN, 'return None if event["previousHash"] == self._last else "reordered"', "return None"),),
    ),
    Mutation(
        "audit-checkpoints",
        "the comparison with checkpoints outside the database",
        25,
        ("audit",),
        (Edit("services/audit/service/audit.py", "check = ChainCheck(marks)", "check = ChainCheck()"),),
    ),
    Mutation(
        "audit-signatures",
        "the signature of checkpoints",
        25,
        ("audit",),
        (
            Edit(
                "services/audit/domain/checkpoints.py",
                "is_genuine = is_linked and is_ours and self.hold(checkpoint)",
                "is_genuine = is_linked and is_ours",
            ),
        ),
    ),
]
