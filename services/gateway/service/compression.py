"""Answers packed with gzip (RFC 9110, 8.4) for those who take it.

What has no known length is a stream and stays as it is; so does what carries a strong ETag, which names these very
bytes, and what fits into one packet anyway.
"""

import zlib

from starlette.types import Message, Send

from services.gateway.domain.head import accepts_gzip, is_worth_packing

LEVEL = 1
"""Half the time of the usual level for nearly the same size, on JSON."""

_GZIP = 16 + zlib.MAX_WBITS


def packing(send: Send, method: str, accept_encoding: bytes | None) -> Send:
    """``send``, packing what is worth it, if the client takes gzip."""
    if accept_encoding is None or method == "HEAD" or not accepts_gzip(accept_encoding):
        return send
    return _Packing(send)


class _Packing:
    """One answer on its way out."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._packer: zlib._Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and is_worth_packing(message["status"], message["headers"]):
            self._start = message
            self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
        elif self._packer is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            await self._pack(self._packer, message)

    async def _pack(self, packer: "zlib._Compress", message: Message) -> None:
        has_more = message.get("more_body", False)
        packed = packer.compress(message.get("body", b""))
        if not has_more:
            packed += packer.flush()
        if self._start is not None:
            length = None if has_more else len(packed)
            await self._send(_packed_start(self._start, length))
            self._start = None
        if packed or not has_more:
            await self._send({"type": "http.response.body", "body": packed, "more_body": has_more})


def _packed_start(start: Message, length: int | None) -> Message:
    headers = [entry for entry in start["headers"] if entry[0] != b"content-length"]
    headers.append((b"content-encoding", b"gzip"))
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    return {**start, "headers": headers}
