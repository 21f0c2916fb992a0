"""Every operation, in the order in which they are reported."""

from bench.operation import Operation
from bench.operations.keeping import KEEPING
from bench.operations.reading import READING
from bench.operations.selling import SELLING

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in (*READING, *SELLING, *KEEPING)}
