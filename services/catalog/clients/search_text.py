"""How texts become words: the same for what is indexed and for what is looked for."""

import re
from dataclasses import dataclass

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

LONGEST_WORD = 60
FUZZY_FROM_LETTERS = 4
TWO_TYPOS_FROM_LETTERS = 8
WORDS_LIMIT = 8

STEMMED, PLAIN, RAW = "stemmed", "plain", "raw"

_NO_CODE = re.compile(r"[\W_]+")


def _analyzer(*, is_stemmed: bool) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (Filter.remove_long(LONGEST_WORD), Filter.lowercase(), Filter.ascii_fold()):
        builder = builder.filter(step)
    return (builder.filter(Filter.stemmer("English")) if is_stemmed else builder).build()


ANALYZERS = {STEMMED: _analyzer(is_stemmed=True), PLAIN: _analyzer(is_stemmed=False)}


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a search: as written and as its stem."""

    plain: str
    stem: str

    @property
    def typos(self) -> int:
        """How many letters may differ: none in short words and in numbers."""
        if len(self.plain) < FUZZY_FROM_LETTERS or any(letter.isdigit() for letter in self.plain):
            return 0
        return 2 if len(self.plain) >= TWO_TYPOS_FROM_LETTERS else 1


def words_of(text: str) -> list[Word]:
    """The words of a search, at most eight, without accents and in lower case."""
    pairs = zip(ANALYZERS[PLAIN].analyze(text), ANALYZERS[STEMMED].analyze(text), strict=True)
    return [Word(plain, stem) for plain, stem in pairs][:WORDS_LIMIT]


def code_of(text: str) -> str:
    """A SKU or barcode as it is compared: letters and digits alone, so that ``TN-2110`` is ``tn2110``."""
    return _NO_CODE.sub("", text.casefold())
