"""The filter language: what a text means, what is refused and where, and that what is written reads the same."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from graveshift.errors import Unreadable
from graveshift.query import Key, Saying, Term, terms_of, understood, written
from graveshift.query.fields import FIELDS
from graveshift.wire.selection import Filter, Veiled

NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
TOKEN = f"hmac:{'0' * 16}-{'a' * 64}"
SAYING = Saying(NOW)


def meaning(text: str, **saying: object) -> Filter:
    return understood(terms_of(text), replace(SAYING, **saying))


def refused(text: str, **saying: object) -> tuple[str, str]:
    """What is said, and the part of the text it is said of."""
    with pytest.raises(Unreadable) as caught:
        meaning(text, **saying)
    offset, length = caught.value.extra["offset"], caught.value.extra["length"]
    assert 0 <= offset <= offset + length <= len(text)
    return caught.value.detail, text[offset : offset + length]


def test_every_term_means_a_condition() -> None:
    assert meaning(
        'queue:mail kind:send error:Timeout "connection reset" payload.user=42 died:<2h enqueued:>03:00 '
        "version:v142 attempts:>3 -group:1-abc timed out"
    ) == Filter(
        queue="mail",
        kind="send",
        error_type="Timeout",
        text="timed out",
        phrases=["connection reset"],
        contains=[['{"user": 42}', '{"user": "42"}']],
        died_after=NOW - timedelta(hours=2),
        enqueued_after=NOW.replace(hour=3, minute=0),
        version="v142",
        attempts_min=4,
        without=[Filter(fingerprint="1-abc")],
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Filter()),
        ("  queue:a  ", Filter(queue="a")),
        ('queue:"a b"', Filter(queue="a b")),
        ('"say \\"hi\\" \\\\ \\n"', Filter(phrases=['say "hi" \\ \\n'])),
        ("attempts:3", Filter(attempts_min=3, attempts_max=3)),
        ("attempts:>=2 attempts:<5", Filter(attempts_min=2, attempts_max=4)),
        ("requeued:<=1", Filter(requeued_max=1)),
        ("run:7 state:held system:native", Filter(run_id="7", state="held", system="native")),
        ("group:native:mail%2Fsend%2F1-abc", Filter(system="native", queue="mail", kind="send", fingerprint="1-abc")),
        ("-group:native:a%2Fb%2Fc", Filter(without=[Filter(system="native", queue="a", kind="b", fingerprint="c")])),
        ("payload.a.b=x", Filter(contains=[['{"a": {"b": "x"}}']])),
        ('payload.a="42"', Filter(contains=[['{"a": "42"}']])),
        ("payload.a=null", Filter(contains=[['{"a": null}', '{"a": "null"}']])),
        ("payload.a=-1.5e3", Filter(contains=[['{"a": -1.5e3}', '{"a": "-1.5e3"}']])),
        ("payload.a=01", Filter(contains=[['{"a": "01"}']])),
        ("payload.a=1e999", Filter(contains=[['{"a": "1e999"}']])),
        ("payload.a=x=y:z", Filter(contains=[['{"a": "x=y:z"}']])),
        ("payload.items[].sku=a", Filter(contains=[['{"items": [{"sku": "a"}]}']])),
        ('payload."a.b"."c=d"=1', Filter(contains=[['{"a.b": {"c=d": 1}}', '{"a.b": {"c=d": "1"}}']])),
        ('payload.a=""', Filter(contains=[['{"a": ""}']])),
        (f"payload.pin={TOKEN}", Filter(veiled=[Veiled(["pin"], TOKEN)])),
        (f"-payload.pin={TOKEN}", Filter(without=[Filter(veiled=[Veiled(["pin"], TOKEN)])])),
        ("-reset", Filter(without=[Filter(text="reset")])),
        ("died:>2d", Filter(died_before=NOW - timedelta(days=2))),
        ("died:<1h30m", Filter(died_after=NOW - timedelta(minutes=90))),
        ("died:>03:40", Filter(died_after=NOW.replace(hour=3, minute=40) - timedelta(days=1))),
        ("died:<03:30:00", Filter(died_before=NOW)),
        ("died:>03:00 died:<03:20", Filter(died_after=NOW.replace(minute=0), died_before=NOW.replace(minute=20))),
        ("died:>2026-11-20", Filter(died_after=datetime(2026, 11, 20, tzinfo=UTC))),
        ("enqueued:<2026-11-20T12:00+02:00", Filter(enqueued_before=datetime(2026, 11, 20, 10, tzinfo=UTC))),
    ],
)
def test_a_text_means(text: str, meant: Filter) -> None:
    assert meaning(text) == meant


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        ("queue:", "needs a value", "queue:"),
        ("kind:a quue:mail", "did you mean `queue:`", "quue:"),
        ("https://x", "is searched for in quotes", "https:"),
        ("a user=42", "payload.user=42", "user="),
        ("queue=mail", "say `queue:`", "queue="),
        ("payload.x", "needs a value", "payload.x"),
        ("payload..x=1", "a key of the payload is missing", "payload."),
        ("a -", "leaves out", "-"),
        ('x "abc', "is not closed", '"abc'),
        ('queue:"abc', "is not closed", '"abc'),
        ('a"b"', "around the whole", '"'),
        ('"a"b', "comes a blank", "b"),
        ("died:2h", "takes `<` or `>`", "died:2h"),
        ("died:>soon", "is no time", "died:>soon"),
        ("died:>25:00", "is no time", "died:>25:00"),
        ("died:>2026-02-30", "is no time", "died:>2026-02-30"),
        ("died:<999999w", "is no time", "died:<999999w"),
        ("died:>0001-01-01", "is no time", "died:>0001-01-01"),
        ("attempts:many", "takes a number", "attempts:many"),
        ("attempts:<0", "nothing is below 0", "attempts:<0"),
        ("queue:a queue:b", "given twice", "queue:b"),
        ("died:<2h died:>03:00", "given twice", "died:>03:00"),
        ("system:nat* a", "takes one whole name", "system:nat*"),
        ("a group:1-4f*", "stands for anything in `queue:`", "group:1-4f*"),
        ("run:8*", "takes one whole name", "run:8*"),
        ("queue:>a", "takes no `>`", "queue:>a"),
        ("a payload.pin=?", "secret value", "payload.pin=?"),
        ('"--"', "no word", '"--"'),
        ("saved:mine", "no filter is saved as `mine`", "saved:mine"),
        ("group:native:a", "neither a fingerprint nor", "group:native:a"),
        ("a\0b", "U+0000", "\0"),
        ("word " * 70, "at most 64 terms", "word " * 6),
        ("payload." + "a." * 20 + "a=1", "too deep", "payload." + "a." * 15 + "a"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(text: str, said: str, where: str) -> None:
    detail, part = refused(text)
    assert said in detail
    assert part == where


def test_a_text_that_is_too_long_is_refused() -> None:
    detail, part = refused("x" * 4100)
    assert ("4,096" in detail, part) == (True, "xxxx")


def test_what_says_nothing_of_these_things_is_refused() -> None:
    fields = frozenset({"queue", "state"})
    assert meaning("queue:a state:held", fields=fields) == Filter(queue="a", state="held")
    detail, part = refused("queue:a -error:X", fields=fields, things="workers")
    assert (detail, part) == ("`error:` says nothing of workers; there are queue, state", "-error:X")
    detail, part = refused("queue:a word", fields=fields, things="workers")
    assert (detail, part) == ("a word says nothing of workers; there are queue, state", "word")


def test_a_saved_filter_is_what_it_says() -> None:
    saved = {"mine": meaning("queue:mail -kind:send reset"), "plain": Filter(queue="mail", kind="send")}
    assert meaning("saved:mine attempts:3", saved=saved) == meaning("queue:mail -kind:send reset attempts:3")
    assert meaning("-saved:plain", saved=saved) == Filter(without=[saved["plain"]])
    assert "leaves something out itself" in refused("-saved:mine", saved=saved)[0]
    assert "given twice" in refused("queue:web saved:plain", saved=saved)[0]
    mixed = {"mixed": Filter(queue="mail", text="reset")}
    assert refused("-saved:mixed", saved=mixed)[1] == "-saved:mixed"


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from([*FIELDS, ":", "=", '"', "-", " ", "<", "payload.", "2h", "x"])).map("".join)
)
def test_any_text_is_understood_or_refused_at_a_place_in_it(text: str) -> None:
    error = _read_and_understood(text)
    if error is not None:
        assert error.detail
        assert 0 <= error.extra["offset"] <= error.extra["offset"] + error.extra["length"] <= len(text)


def _read_and_understood(text: str) -> Unreadable | None:
    """What was wrong with it; None where it reads the same when it is written."""
    try:
        terms = terms_of(text)
        understood(terms, SAYING)
    except Unreadable as error:
        return error
    again = [replace(term, **places) for term, places in zip(terms, _places(terms), strict=True)]
    assert terms_of(written(terms)) == again
    return None


def _places(terms: list[Term]) -> list[dict[str, int]]:
    """Where terms stand that are written with one blank between them."""
    places, at = [], 0
    for term in terms:
        length = len(written([term]))
        read = terms_of(written([term]))[0]
        places.append({"offset": at, "length": length, "value_at": at + read.value_at})
        at += length + 1
    return places


KEYS = st.builds(Key, st.text(st.characters(exclude_characters="\0"), max_size=5).filter(bool), st.booleans())
VALUES = st.text(st.characters(exclude_characters="\0"), max_size=10)
BARE = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
TERMS = st.one_of(
    st.builds(Term, value=VALUES, quoted=st.just(True), negated=st.booleans()),
    st.builds(Term, value=BARE, negated=st.booleans()),
    st.builds(Term, field=st.sampled_from([n for n in FIELDS if n != "payload"]), value=VALUES, quoted=st.just(True)),
    st.builds(Term, field=st.sampled_from(["attempts", "died"]), op=st.sampled_from(["<", ">", ""]), value=BARE),
    st.builds(
        Term,
        field=st.just("payload"),
        path=st.lists(KEYS, min_size=1, max_size=3).map(tuple),
        value=VALUES,
        quoted=st.just(True),
    ),
)


@given(st.lists(TERMS, max_size=6))
def test_what_is_written_reads_the_same(terms: list[Term]) -> None:
    again = [replace(term, offset=0, length=0, value_at=0) for term in terms_of(written(terms))]
    assert again == terms


@given(
    st.dictionaries(
        st.text(max_size=5), st.text(max_size=5) | st.integers() | st.booleans() | st.none(), min_size=1, max_size=1
    )
)
def test_a_quoted_value_of_a_payload_is_that_text(wanted: dict[str, object]) -> None:
    ((key, value),) = wanted.items()
    if "\0" in f"{key}{value}":
        return
    (term,) = terms_of(written([Term(field="payload", path=(Key(key),), value=str(value), quoted=True)]))
    ((one,),) = understood([term], SAYING).contains
    assert json.loads(one) == {key: str(value)}
