"""Stripe's form encoding, against the SDK's own encoder."""

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from dev.sandbox.stripe import forms
from dev.sandbox.stripe.refusals import Refusal

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
LEAVES = st.text(max_size=20).map(lambda text: text.replace("\ud800", ""))
TREES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, min_size=1, max_size=3) | st.dictionaries(NAMES, below, min_size=1, max_size=3),
    max_leaves=8,
)


class TestDecode:
    @given(st.dictionaries(NAMES, LEAVES | st.lists(LEAVES, min_size=1, max_size=12), max_size=5))
    def test_reads_what_the_sdk_writes(self, params: dict[str, Any]) -> None:
        assert forms.decode_form(urlencode(list(_api_encode(params)))) == params

    @given(st.dictionaries(NAMES, st.dictionaries(NAMES, TREES, min_size=1, max_size=3), max_size=3))
    def test_reads_nesting_or_refuses_its_depth(self, params: dict[str, Any]) -> None:
        encoded = urlencode(list(_api_encode(params)))
        try:
            assert forms.decode_form(encoded) == params
        except Refusal as refusal:
            assert "nested too deeply" in str(refusal)

    @pytest.mark.parametrize("encoded", ["a[b=1", "[a]=1", "a]=1", "a=1&a[b]=2", "a[b]=1&a=2", "a=%ff"])
    def test_refuses_what_is_malformed(self, encoded: str) -> None:
        with pytest.raises(Refusal):
            forms.decode_form(encoded)

    def test_takes_lists_without_an_index(self) -> None:
        assert forms.decode_form("expand[]=a&expand[]=b") == {"expand": ["a", "b"]}


class TestMetadata:
    def test_merges_removes_and_clears(self) -> None:
        current = {"a": "1", "b": "2"}
        assert forms.metadata({"metadata": {"b": "", "c": "3"}}, current) == {"a": "1", "c": "3"}
        assert forms.metadata({"metadata": ""}, current) == {}
        assert forms.metadata({}, current) == current
