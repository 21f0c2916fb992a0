"""The independent checker: recomputes the invariants from the databases and the journal.

Nothing here imports a service or the common library, so that a mistake of theirs is not repeated here;
an import contract holds it.
"""
