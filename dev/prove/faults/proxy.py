"""A TCP proxy of our own that makes a network slow, or cuts it."""

import asyncio
import socket
import struct
from contextlib import suppress
from enum import StrEnum

CHUNK_BYTES = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """What a network does: it is slow, it resets, it swallows without a word, it breaks off in the middle."""

    DELAY = "delay"
    RESET = "reset"
    HALF_OPEN = "half-open"
    CUT = "cut"


class Proxy:
    """Forwards one local port to another, and does to it what it is told."""

    def __init__(self, port: int, *, delay_seconds: float = 0.2, cut_after_bytes: int = 2_000) -> None:
        self.port = 0
        self.faults = 0
        self._target = port
        self._delay_seconds = delay_seconds
        self._cut_after_bytes = cut_after_bytes
        self._fault: Fault | None = None
        self._pipes: set[_Pipe] = set()
        self._server: asyncio.Server | None = None

    async def open(self, port: int = 0) -> int:
        """Listens on this port, or on a free one; returns which."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def close(self) -> None:
        """Everything that goes through it is cut."""
        if self._server is not None:
            self._server.close()
        for pipe in list(self._pipes):
            pipe.reset()

    def begin(self, fault: Fault) -> None:
        """From now on; what a half-open network has swallowed stays swallowed after it ends."""
        self._fault = fault
        for pipe in list(self._pipes):
            self._strike(pipe)

    def end(self) -> None:
        """New connections are whole again; one that was half-open stays so for ever, as in real life."""
        self._fault = None
        for pipe in self._pipes:
            pipe.delay_seconds, pipe.bytes_left = 0.0, None

    def _strike(self, pipe: "_Pipe") -> None:
        self.faults += 1
        match self._fault:
            case Fault.DELAY:
                pipe.delay_seconds = self._delay_seconds
            case Fault.RESET:
                pipe.reset()
            case Fault.HALF_OPEN:
                pipe.is_dead = True
            case Fault.CUT:
                pipe.bytes_left = self._cut_after_bytes

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pipe = _Pipe(writer)
        if self._fault is not None:
            self._strike(pipe)
        if writer.transport.is_closing():
            return
        self._pipes.add(pipe)
        try:
            with suppress(OSError):  # either end has gone, or the target is down: so is the connection
                there, back = await asyncio.open_connection("127.0.0.1", self._target)
                pipe.back = back
                await asyncio.gather(pipe.pump(reader, back), pipe.pump(there, writer))
        finally:
            self._pipes.discard(pipe)
            pipe.reset()


class _Pipe:
    """One connection through the proxy."""

    def __init__(self, front: asyncio.StreamWriter) -> None:
        self.front = front
        self.back: asyncio.StreamWriter | None = None
        self.delay_seconds = 0.0
        self.bytes_left: int | None = None
        self.is_dead = False

    def reset(self) -> None:
        """Both ends get a reset."""
        for writer in (self.front, self.back):
            if writer is not None and not writer.transport.is_closing():
                end = writer.get_extra_info("socket")
                if end is not None:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                writer.transport.abort()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction, until its end. Of what is swallowed the sender hears nothing."""
        while data := await reader.read(CHUNK_BYTES):
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            if self.is_dead:
                continue
            if self.bytes_left is not None:
                data = data[: self.bytes_left]
                self.bytes_left -= len(data)
            writer.write(data)
            await writer.drain()
            if self.bytes_left == 0:
                self.reset()
                return
        if not self.is_dead and not writer.transport.is_closing():
            writer.write_eof()
