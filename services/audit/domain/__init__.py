"""Rules of the log: what an event becomes, how its links are hashed, and how a checkpoint is signed."""

from services.audit.domain.chain import GENESIS, ChainCheck, ChainHead, Mark, Verdict, canonical, chain, hash_of
from services.audit.domain.checkpoints import SigningKey, TrustedKeys, digest, draft
from services.audit.domain.description import (
    ACTOR_TYPES,
    RESOURCE_TYPES,
    actions_like,
    describe,
    instant,
    resource_type,
)

__all__ = [
    "ACTOR_TYPES",
    "GENESIS",
    "RESOURCE_TYPES",
    "ChainCheck",
    "ChainHead",
    "Mark",
    "SigningKey",
    "TrustedKeys",
    "Verdict",
    "actions_like",
    "canonical",
    "chain",
    "describe",
    "digest",
    "draft",
    "hash_of",
    "instant",
    "resource_type",
]
