"""Own rules for what is one cause: what they fold is one, what they split is several, and all else is as it was."""

from pathlib import Path
from time import monotonic

import pytest

from graveshift.errors import SettingsError
from graveshift.fingerprint import fingerprint
from graveshift.folding import Failed, Folding, folding_of
from graveshift.rules import FingerprintSettings, Fold, Split
from graveshift.settings import load


def failed(message: str = "no stock", *, payload: bytes = b"{}", kind: str = "order", error: str = "app.Err") -> Failed:
    return Failed(error, message, "app.orders:buy", "shop", kind, payload)


def folding(*rules: Fold | Split) -> Folding:
    folds = [rule for rule in rules if isinstance(rule, Fold)]
    return folding_of(FingerprintSettings(folds, [rule for rule in rules if isinstance(rule, Split)]))


def test_without_rules_a_cause_is_what_it_always_was() -> None:
    plain = failed()
    assert Folding().cause(plain).fingerprint == fingerprint(plain.error_type, plain.message, plain.place)


def test_what_is_folded_is_one_cause_and_is_shown_as_such() -> None:
    rules = folding(Fold(r"shop [a-z]+", "shop <name>"))
    one, two = rules.cause(failed("shop rose is closed")), rules.cause(failed("shop lily is closed"))
    assert one == two
    assert one != rules.cause(failed("shop lily is open"))
    assert rules.normal("shop rose has 17 left") == "shop <name> has <n> left"


def test_causes_that_no_rule_speaks_of_keep_their_names_when_rules_change() -> None:
    rules = folding(Fold("nothing like it", "x"), Split("user", error="KeyError"))
    assert rules.cause(failed()) == Folding().cause(failed())


def test_a_rule_that_applies_is_part_of_the_version_so_another_rule_makes_another_cause() -> None:
    one, two = folding(Fold("stock", "goods")), folding(Fold("sto[c]k", "goods"))
    assert len({rules.cause(failed()).fingerprint for rules in (one, two, Folding())}) == 3


def test_an_error_is_split_by_a_field_of_the_payload() -> None:
    rules = folding(Split("customer.id", error="Err: no stock", kind="^order$"))
    acme, other = (failed(payload=b'{"customer":{"id":"%s"}}' % name) for name in (b"acme", b"zorg"))
    assert rules.cause(acme) == rules.cause(acme)
    assert rules.cause(acme).split == "customer.id=acme"
    assert rules.cause(acme).fingerprint != rules.cause(other).fingerprint
    for unsplit in (
        failed(payload=b"{}"),
        failed(payload=b'{"customer":{"id":null}}'),
        failed(payload=b'{"customer":{"id":["acme"]}}'),
        failed(payload=b'{"customer":"acme"}'),
        failed(payload=b"{broken"),
        failed(payload=b"[" * 9000),
    ):
        assert rules.cause(unsplit) == Folding().cause(unsplit)
    elsewhere = failed(payload=acme.payload, kind="reorder")
    assert rules.cause(elsewhere).split is None


def test_numbers_and_truths_split_too() -> None:
    rules = folding(Split("n", queue="shop"))
    assert [rules.cause(failed(payload=b'{"n":%s}' % n)).split for n in (b"7", b"1.5", b"true")] == [
        "n=7",
        "n=1.5",
        "n=true",
    ]


def test_a_slow_rule_costs_little_and_changes_nothing() -> None:
    rules = folding(Fold(r"x+x+y", "z"))
    began = monotonic()
    assert rules.cause(failed("x" * 4000)) == Folding().cause(failed("x" * 4000))
    assert monotonic() - began < 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fingerprints: {fold: [{pattern: '(', as: x}]}", "fingerprints.fold: `(` is no pattern"),
        ("fingerprints: {fold: [{pattern: ok}]}", "fingerprints.fold: Object missing required field `as`"),
        ("fingerprints: {fold: [{pattern: '(a|a)*b', as: x}]}", "takes too long on some texts"),
        ("fingerprints: {split: [{field: user}]}", "a split needs at least one of `error`, `kind` and `queue`"),
        ("fingerprints: {split: [{field: 'a b', error: x}]}", "fingerprints.split: "),
        ("fingerprints: {split: [{field: user, error: '['}]}", "`[` is no pattern"),
        ("fingerprints: {spilt: []}", "did you mean `split`?"),
        ("runbooks: [{title: x}]", "runbooks: a runbook has either a `page` or a `url`"),
        ("runbooks: [{page: x, url: 'https://a'}]", "either a `page` or a `url`"),
        ("runbooks: [{url: 'javascript:1'}]", "must begin with http:// or https://"),
        ("runbooks: [{match: {eror: x}, page: y}]", "unknown field `eror`"),
        ("runbooks: [{match: {queue: '('}, page: y}]", "`(` is no pattern"),
    ],
)
def test_a_mistake_in_a_rule_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    with pytest.raises(SettingsError) as refused:
        load(own, {})
    assert str(own) in str(refused.value)
    assert said in str(refused.value)
