"""`graveshift.enqueue` in SQL: what it refuses it says in words, and never shows a row."""

import psycopg
import pytest
from psycopg.errors import CheckViolation, InvalidParameterValue, NotNullViolation

NAMES = "queue and kind must be 1 to 128 of the characters"
YEARS = "run_at must be in the years 1970 to 9998"


def call(database: str, arguments: str) -> None:
    with psycopg.connect(database.replace("+asyncpg", "")) as connection:
        connection.execute(f"SELECT graveshift.enqueue({arguments})".encode())


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ("NULL, 'send', '{\"card\": \"4111\"}'", NotNullViolation, "queue must not be NULL"),
        ("'mail', NULL, '{\"card\": \"4111\"}'", NotNullViolation, "kind must not be NULL"),
        ("'mail', 'send', NULL", NotNullViolation, "payload must not be NULL"),
        ("'mail', 'send', priority => NULL", NotNullViolation, "priority must not be NULL"),
        ("'mail', 'send', max_attempts => NULL", NotNullViolation, "max_attempts must not be NULL"),
        ("'', 'send', '{\"card\": \"4111\"}'", CheckViolation, NAMES),
        ("'mail', ''", CheckViolation, NAMES),
        ("'a b', 'send'", CheckViolation, NAMES),
        ("E'mail\\n', 'send'", CheckViolation, NAMES),
        ("repeat('q', 129), 'send'", CheckViolation, NAMES),
        ("'mail', 'send', unique_key => ''", CheckViolation, "unique_key must be 1 to 512"),
        ("'mail', 'send', trace_id => repeat('t', 129)", CheckViolation, "trace_id at most 128"),
        ("'mail', 'send', priority => 101", CheckViolation, "priority -100 to 100"),
        ("'mail', 'send', run_at => 'infinity'", InvalidParameterValue, YEARS),
        ("'mail', 'send', run_at => '-infinity'", InvalidParameterValue, YEARS),
        ("'mail', 'send', run_at => '9999-01-01 00:00Z'", InvalidParameterValue, YEARS),
        ("'mail', 'send', run_at => '1969-12-31 23:59:59Z'", InvalidParameterValue, YEARS),
    ],
)
def test_a_mistake_is_told_without_the_row(
    database: str, arguments: str, error: type[psycopg.Error], said: str
) -> None:
    with pytest.raises(error) as refused:
        call(database, arguments)
    assert said in (refused.value.diag.message_primary or "")
    assert (refused.value.diag.message_detail, refused.value.diag.table_name) == (None, None)


def test_what_is_right_is_taken(database: str) -> None:
    call(database, "repeat('q', 128), 'send', '{}', unique_key => 'k', trace_id => 't', priority => -100")
    call(database, "'mail', 'send', jsonb_build_object('n', 1)::json")
    call(database, "'mail', 'send', run_at => '1970-01-01 00:00Z'")
    call(database, "'mail', 'send', run_at => '9998-12-31 23:59:59Z'")
    call(database, "'mail', 'send', run_at => NULL")
