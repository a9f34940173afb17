"""Names that are secret: `token` at any depth, `card.number` from the top of a payload, `!max_tokens` never."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from graveshift.errors import SettingsError
from graveshift.redaction.strings import plain

_SHIPPED = """
    password passwd passphrase passcode pwd pw passwords password_hash password_digest pin
    secret secrets client_secret secret_key shared_secret secret_access_key
    token tokens access_token refresh_token id_token csrf_token session_token
    authorization proxy_authorization auth credential credentials cookie set_cookie session_id sessionid
    api_key apikey access_key account_key storage_key private_key signing_key encryption_key master_key license_key
    webhook_signature signature otp totp mfa_code recovery_codes one_time_code
    card card_number cardnumber credit_card creditcard pan cvv cvc cvv2 cvc2 security_code card_expiry
    iban bic bank_account account_number routing_number sort_code
    ssn social_security_number national_id tax_id passport_number driver_license date_of_birth
    connection_string database_url dsn
    !max_tokens !total_tokens !prompt_tokens !completion_tokens !input_tokens !output_tokens
    !page_token !next_page_token !pagination_token !continuation_token
"""
SHIPPED_NAMES = tuple(_SHIPPED.split())

KEPT_NAMES = 8192
LONG = 5
END = 3
FEW = 256
MOST = 256
_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W0-9A-Za-z_]+")

Words = tuple[str, ...]
State = tuple[tuple[int, int], ...]


class Names:
    """Entries as the settings have them. Case, `_`, `-` and camelCase do not matter.

    A single name is secret at any depth, also at the end of a longer one (`dbPassword`); with less than five letters
    only as words of their own (`user_pin`, not `shipping`). Names with dots between them lead from the top of the
    payload, lists are passed through, and `*` is any one name. An entry that begins with `!` is never secret by a
    single name.
    """

    def __init__(self, entries: Sequence[str]) -> None:
        single = [_words(entry) for entry in entries if "." not in entry.removeprefix("payload.") and entry[:1] != "!"]
        self._single = frozenset(single)
        self._long = tuple("".join(words) for words in single if len("".join(words)) >= LONG)
        self._never = frozenset(_words(entry[1:]) for entry in entries if entry[:1] == "!")
        self._paths = [_path(entry) for entry in entries if "." in entry.removeprefix("payload.")]
        self.start: State = tuple((index, 0) for index in range(len(self._paths)))
        self._ends = frozenset("".join(words)[-END:] for words in single)
        self.names = lru_cache(KEPT_NAMES)(self._names)
        self._at = lru_cache(KEPT_NAMES)(self._below)

    def among(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys, as they stand in a text, that are secret; most are known by their ends not to be."""
        given = set(keys)
        likely = given if len(given) < FEW else filter(self._may_be, given)
        return {key for key in likely if self.names(plain(key))}

    def _may_be(self, key: str) -> bool:
        end = key[-END:]
        return (
            end.lower() in self._ends
            or not (end.isalnum() and end.isascii())
            or key[-2:].lower() in self._ends
            or len(key) > MOST
        )

    def below(self, state: State, key: str) -> State | None:
        """Where the dotted names stand below this key; None where what is there is secret."""
        if self.names(key):
            return None
        return self._at(state, key) if state else state

    def _names(self, key: str) -> bool:
        words = split(key)
        if any(words[at:] in self._never for at in range(len(words))):
            return False
        return any(words[at:] in self._single for at in range(len(words))) or "".join(words).endswith(self._long)

    def _below(self, state: State, key: str) -> State | None:
        joined, onward = "".join(split(key)), []
        for index, position in state:
            names = self._paths[index]
            if names[position] in ("*", joined):
                if position + 1 == len(names):
                    return None
                onward.append((index, position + 1))
        return tuple(onward)


def split(key: str) -> Words:
    """Its words in lower case: `X-Api_keyV2` is x, api, key, v, 2. Only the first 256 characters count."""
    return tuple(word.lower() for word in _WORD.findall(key[:MOST]))


def _words(entry: str) -> Words:
    words = split(entry.removeprefix("payload."))
    if not words:
        raise SettingsError(f"redaction.paths: {entry!r}: names nothing")
    return words


def _path(entry: str) -> Words:
    parts = entry.removeprefix("payload.").removesuffix("[]").split(".")
    names = tuple(part if part == "*" else "".join(split(part)) for part in parts)
    if entry[:1] == "!" or not all(names):
        raise SettingsError(f"redaction.paths: {entry!r}: is no path such as `token`, `card.number` or `users.*.pin`")
    return names
