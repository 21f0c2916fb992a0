"""A backup's chunks prove themselves: damage, cuts, swaps and forgers are found, and nothing is read in the clear."""

import io

import pytest

from dev.backup.container import CHUNK_BYTES, BackupBroken, ChunkReader, ChunkWriter

PASSPHRASE = b"correct horse battery"
CONTENT = b"the same words over and over " * (3 * CHUNK_BYTES // 29)


def written(passphrase: bytes | None) -> bytes:
    file = io.BytesIO()
    with ChunkWriter(file, passphrase) as chunks:
        chunks.write(CONTENT)
    return file.getvalue()


def read(raw: bytes, passphrase: bytes | None) -> bytes:
    return io.BufferedReader(ChunkReader(io.BytesIO(raw), passphrase)).read()


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
class TestRead:
    def test_it_is_as_it_was_written(self, passphrase: bytes | None) -> None:
        assert read(written(passphrase), passphrase) == CONTENT

    @pytest.mark.parametrize("place", [0, 9, 20, 5000, -CHUNK_BYTES // 2, -1])
    def test_one_changed_bit_is_found(self, passphrase: bytes | None, place: int) -> None:
        raw = bytearray(written(passphrase))
        raw[place] ^= 1
        with pytest.raises(BackupBroken):
            read(bytes(raw), passphrase)

    @pytest.mark.parametrize("kept", [0, 5, 300, CHUNK_BYTES, -1, -20])
    def test_a_cut_is_found(self, passphrase: bytes | None, kept: int) -> None:
        with pytest.raises(BackupBroken):
            read(written(passphrase)[:kept], passphrase)

    def test_a_whole_chunk_that_is_missing_is_found(self, passphrase: bytes | None) -> None:
        raw = written(passphrase)
        header = 12 + int.from_bytes(raw[8:12], "big")
        chunk = 4 + CHUNK_BYTES + 16
        with pytest.raises(BackupBroken):
            read(raw[: header + chunk] + raw[header + 2 * chunk :], passphrase)

    def test_chunks_that_changed_places_are_found(self, passphrase: bytes | None) -> None:
        raw = written(passphrase)
        header, chunk = 12 + int.from_bytes(raw[8:12], "big"), 4 + CHUNK_BYTES + 16
        first, second = raw[header : header + chunk], raw[header + chunk : header + 2 * chunk]
        # Of one content each, so that only the order differs.
        with pytest.raises(BackupBroken):
            read(raw[:header] + second + first + raw[header + 2 * chunk :], passphrase)

    def test_what_is_appended_is_found(self, passphrase: bytes | None) -> None:
        with pytest.raises(BackupBroken):
            read(written(passphrase) + b"x", passphrase)


class TestEncryption:
    def test_nothing_stands_in_the_clear(self) -> None:
        assert b"the same words" in written(None)
        assert b"the same words" not in written(PASSPHRASE)

    def test_another_passphrase_does_not_open_it(self) -> None:
        with pytest.raises(BackupBroken, match="passphrase"):
            read(written(PASSPHRASE), b"incorrect horse battery")

    def test_none_is_told_to_name_one(self) -> None:
        with pytest.raises(BackupBroken, match="--passphrase-file"):
            read(written(PASSPHRASE), None)

    def test_the_same_content_never_looks_the_same(self) -> None:
        assert written(PASSPHRASE) != written(PASSPHRASE)

    def test_a_key_that_would_cost_the_reader_dear_is_refused(self) -> None:
        raw = written(PASSPHRASE)
        dear = raw.replace(b'"n": 32768', b'"n": 3276800')
        raw = dear[:8] + (int.from_bytes(dear[8:12], "big") + 2).to_bytes(4, "big") + dear[12:]
        with pytest.raises(BackupBroken, match="costlier"):
            read(raw, PASSPHRASE)
