"""What a secret looks like: bearer tokens, keys of well-known services, passwords in URLs, card numbers that add up."""

import re
from collections.abc import Callable

from msgspec import Struct

Check = Callable[[str], bool]
Coarse = Callable[[bytes], bool]

LARGE, DIGIT = b"A", b"9"
_CLASSES = bytes(65 if 65 <= code <= 90 else 57 if 48 <= code <= 57 else code for code in range(256))


class Look(Struct, frozen=True):
    """`secret` is the group that is masked, else all that was found; `check` has the last word.

    Where a text has none of the `hints`, which are in lower case, or is not `coarse` by the classes of its characters,
    `pattern` finds nothing either.
    `own` is what others wrote: of that nothing is known.
    """

    pattern: re.Pattern[str]
    hints: tuple[str, ...] = ()
    coarse: Coarse | None = None
    check: Check | None = None
    own: bool = False

    def may_be_in(self, low: str, classes: bytes) -> bool:
        """Whether it is worth looking in a text, given in lower case and as its classes: far quicker than looking."""
        if self.coarse is not None:
            return self.coarse(classes)
        return self.own or any(hint in low for hint in self.hints)

    def mask(self, text: str, mask: str) -> str:
        """The text with what is secret replaced."""
        return self.pattern.sub(lambda found: self._masked(found, mask), text)

    def _masked(self, found: re.Match[str], mask: str) -> str:
        group = "secret" if "secret" in self.pattern.groupindex and found["secret"] is not None else 0
        if self.check is not None and not self.check(found[group]):
            return found[0]
        start, end = (found.start(group) - found.start(), found.end(group) - found.start())
        return found[0][:start] + mask + found[0][end:]


def classes_of(text: str) -> bytes:
    """`A` for each capital letter of ASCII, `9` for each digit, and everything else as it is, or as `?`."""
    return text.encode("ascii", "replace").translate(_CLASSES)


def _may_be_card(classes: bytes) -> bool:
    return DIGIT * 13 in classes.translate(None, b" -")


def _may_be_iban(classes: bytes) -> bool:
    return LARGE * 2 + DIGIT * 2 in classes


def adds_up(number: str) -> bool:
    """Luhn's sum of a card's digits; whatever stands between them does not count."""
    digits = [int(digit) for digit in number if digit in "0123456789"][::-1]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


def is_iban(text: str) -> bool:
    """The remainder of ISO 13616 is one."""
    plain = text.replace(" ", "")
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


# Each repetition is bounded, or begins where none of its own can have begun before: one scan is linear.
_CARD = re.compile(
    r"(?<![0-9A-Za-z.])(?:"
    r"4(?:[ -]?[0-9]){12}(?:(?:[ -]?[0-9]){3}){0,2}"
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720|6011|65[0-9]{2}|64[4-9][0-9]"
    r"|352[89]|35[3-8][0-9])(?:[ -]?[0-9]){12}"
    r"|3[47][0-9]{2}(?:[ -]?[0-9]){11}"
    r"|3(?:0[0-5]|[689][0-9])[0-9](?:[ -]?[0-9]){10}"
    r"|62[0-9]{2}(?:[ -]?[0-9]){12,15}"
    r")(?![0-9A-Za-z])(?!\.[0-9])"
)


def is_card_number(digits: str) -> bool:
    """Whether these digits, and no others, are the number of a card."""
    return _CARD.fullmatch(digits) is not None and adds_up(digits)


_TOKEN = r"[A-Za-z0-9._~+/=-]"  # noqa: S105 what tokens are made of
_SERVICES = (
    r"(?<![A-Za-z0-9_-])(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[A-Za-z0-9_-]{16,255}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,255}|[rs]k_(?:live|test)_[A-Za-z0-9]{10,255}|whsec_[A-Za-z0-9+/=]{16,255}"
    r"|sk-[A-Za-z0-9_-]{20,255}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,2048}|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}"
    r"|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{40,2048}|dop_v1_[a-f0-9]{64}|hvs\.[A-Za-z0-9_-]{20,255}"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{58})"
)
_SERVICE_HINTS = (
    "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- sk_live_ sk_test_ rk_live_ "
    "rk_test_ whsec_ sk- aiza ya29. sg. npm_ pypi- dop_v1_ hvs. age-secret-key-1"
)
SHIPPED_LOOKS = (
    Look(
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[^-]+|-(?!----END))*(?:-----END [A-Z0-9 ]{0,40}(?:-----)?)?"
        ),
        ("private key",),
    ),
    Look(
        re.compile(
            rf"(?i)(?<![A-Za-z0-9])(?:bearer|basic|apikey)[ ]{{1,4}}"
            rf"(?P<secret>(?={_TOKEN}{{0,200}}[0-9]){_TOKEN}{{8,8192}}|{_TOKEN}{{20,8192}})"
        ),
        ("bearer ", "basic ", "apikey "),
    ),
    Look(re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3}"), ("eyj",)),
    Look(
        re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("akia", "asia", "abia", "acca"),
    ),
    Look(re.compile(_SERVICES), tuple(_SERVICE_HINTS.split())),
    Look(re.compile(r"://[^\s/:@\"'<>]{0,256}:(?P<secret>[^\s/?#\"'<>]{1,256})@"), ("://",)),
    Look(
        re.compile(r"(?i)(?:password|identified by)[ ]{1,4}'(?P<secret>[^'\n]{1,256})'"),
        ("password '", "identified by"),
    ),
    Look(_CARD, coarse=_may_be_card, check=adds_up),
    Look(
        re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]){11,30}(?![A-Za-z0-9])"),
        coarse=_may_be_iban,
        check=is_iban,
    ),
)
