"""What the row about parsers rests on."""

from dev.prove.mutations.mutation import Edit, Mutation

MUTATIONS = [
    Mutation(
        "packed-bodies",
        "the refusal of bodies that come packed",
        37,
        ("catalog",),
        (
            Edit(
                "libs/common/web/middleware.py",
                'if headers.get(b"content-encoding", b"identity").lower() != b"identity":',
                "if headers is None:",
            ),
        ),
    ),
]
