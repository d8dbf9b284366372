"""The index's files: what a document is in Tantivy, how a question is asked, and what its errors mean."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tantivy

from clawdbot.knowledge.index import Entry, Hit, Where
from clawdbot.knowledge.lexical.tokens import tokens

_HEAP_BYTES = 40_000_000
"""Memory of a writer before it writes a segment."""
_MARKER = 0
"""The chunk number of the one document that holds no words, but the ``seq`` up to which the commit is true."""


class Damaged(Exception):
    """The files cannot be used; the index must be built anew."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """What the index holds of a chunk, besides its words; ``sum`` is the CRC-32 of its passage."""

    scope: int
    day: int
    sum: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a term adds to a score: ``bm25`` times its BM25 (k1 1.2, b 0.75), and ``present`` for being there."""

    term: str
    bm25: float
    present: float = 0.0


_Clause = tuple[tantivy.Occur, tantivy.Query]


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("chunk", indexed=True, fast=True)
    builder.add_unsigned_field("scope", indexed=True, fast=True)
    builder.add_integer_field("day", indexed=True, fast=True)
    builder.add_unsigned_field("sum", fast=True)
    builder.add_unsigned_field("applied", stored=True)
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    return builder.build()


SCHEMA = _schema()


@contextmanager
def damage() -> Iterator[None]:
    """Everything that Tantivy raises, as :class:`Damaged`."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise Damaged(str(error)) from error
    except BaseException as error:
        # A panic of the Rust library is no Exception, and its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise Damaged(str(error)) from error


class Reader:
    """One commit of the index, open for questions; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        with damage():
            index = tantivy.Index.open(str(folder))
            index.config_reader("manual")
            self._searcher = index.searcher()
            found = self._searcher.search(_number("chunk", _MARKER), 1, count=False).hits
            if not found:
                raise Damaged("The mark of the last commit is missing.")
            self.applied = int(self._searcher.doc(found[0][1])["applied"][0])
        self.count = self._searcher.num_docs - 1

    def frequency(self, term: str) -> int:
        """In how many chunks the term occurs; chunks that went may count until their segment is merged."""
        with damage():
            return self._searcher.doc_freq("words", term)

    def search(self, parts: Sequence[Part], where: Where, limit: int) -> list[Hit]:
        """Chunks with at least one of the terms, best first."""
        return self._best(parts, _only(where), limit)

    def score(self, parts: Sequence[Part], chunks: Sequence[int]) -> dict[int, float]:
        """Of these chunks those with at least one of the terms."""
        only = tantivy.Query.term_set_query(SCHEMA, "chunk", list(chunks))
        return {hit.chunk: hit.score for hit in self._best(parts, [_filter(only)], len(chunks))}

    def _best(self, parts: Sequence[Part], only: Sequence[_Clause], limit: int) -> list[Hit]:
        if not parts:
            return []
        any_of = tantivy.Query.boolean_query([clause for part in parts for clause in _part(part)])
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, any_of), *only])
        with damage():
            found = self._searcher.search(query, limit, count=False).hits
            chunks = self._searcher.fast_field_values("chunk", [address for _, address in found])
        hits = (Hit(chunk=int(c or 0), score=float(s)) for c, (s, _) in zip(chunks, found, strict=True))
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk))

    def finds(self, chunk: int, terms: Sequence[str]) -> bool:
        """The chunk is found by each of its own terms."""
        clauses = [(tantivy.Occur.Must, query) for query in (_number("chunk", chunk), *map(_word, terms))]
        with damage():
            return bool(self._searcher.search(tantivy.Query.boolean_query(clauses), 1, count=False).hits)

    def held(self) -> dict[int, Held]:
        """All chunks that are in the index."""
        with damage():
            found = self._searcher.search(tantivy.Query.all_query(), self._searcher.num_docs, count=False).hits
            addresses = [address for _, address in found]
            columns = [self._searcher.fast_field_values(name, addresses) for name in ("chunk", "scope", "day", "sum")]
        rows = ([int(value or 0) for value in row] for row in zip(*columns, strict=True))
        return {chunk: Held(scope=scope, day=day, sum=sum_) for chunk, scope, day, sum_ in rows if chunk != _MARKER}


class Writer:
    """Changes to the index; nothing counts before :meth:`commit`, and a commit counts as a whole."""

    def __init__(self, folder: Path, *, empty: bool) -> None:
        with damage():
            index = tantivy.Index(SCHEMA, str(folder), reuse=False) if empty else tantivy.Index.open(str(folder))
            self._writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)

    def replace(self, gone: Sequence[int], entries: Sequence[Entry]) -> None:
        """Take chunks out, then put entries in; both may be repeated."""
        with damage():
            self._remove(gone)
            for entry in entries:
                self._writer.add_document(_document(entry))

    def commit(self, applied: int) -> None:
        """Write everything durably, with the ``seq`` that it is true up to."""
        with damage():
            self._remove((_MARKER,))
            marker = tantivy.Document()
            marker.add_unsigned("chunk", _MARKER)
            marker.add_unsigned("applied", applied)
            self._writer.add_document(marker)
            self._writer.commit()

    def close(self) -> None:
        """Let merges end and give the folder back; the writer cannot be used after that."""
        with damage():
            self._writer.wait_merging_threads()

    def _remove(self, chunks: Sequence[int]) -> None:
        # Not delete_documents_by_term: in 0.27 it finds nothing in a field of unsigned numbers.
        if chunks:
            self._writer.delete_documents_by_query(tantivy.Query.term_set_query(SCHEMA, "chunk", list(chunks)))


def held(entry: Entry) -> Held:
    """What the index should hold of an entry."""
    return Held(scope=entry.scope, day=entry.day, sum=zlib.crc32(entry.passage.encode("utf-8", "surrogatepass")))


def _document(entry: Entry) -> tantivy.Document:
    kept = held(entry)
    document = tantivy.Document()
    document.add_unsigned("chunk", entry.chunk)
    document.add_unsigned("scope", kept.scope)
    document.add_integer("day", kept.day)
    document.add_unsigned("sum", kept.sum)
    document.add_text("words", " ".join(tokens(entry.passage)))
    return document


def _only(where: Where) -> list[_Clause]:
    filters = [_filter(tantivy.Query.term_set_query(SCHEMA, "scope", sorted(where.scopes)))]
    if where.since_day is not None:
        day = tantivy.FieldType.Integer
        filters.append(_filter(tantivy.Query.range_query(SCHEMA, "day", day, lower_bound=where.since_day)))
    return filters


def _filter(query: tantivy.Query) -> _Clause:
    """A condition that adds nothing to the score."""
    return tantivy.Occur.Must, tantivy.Query.const_score_query(query, 0.0)


def _part(part: Part) -> Iterator[_Clause]:
    word = _word(part.term)
    yield tantivy.Occur.Should, tantivy.Query.boost_query(word, part.bm25)
    if part.present:
        yield tantivy.Occur.Should, tantivy.Query.const_score_query(word, part.present)


def _word(term: str) -> tantivy.Query:
    return tantivy.Query.term_query(SCHEMA, "words", term, "freq")


def _number(field: str, value: int) -> tantivy.Query:
    return tantivy.Query.term_query(SCHEMA, field, value)
