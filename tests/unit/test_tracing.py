"""A link leads to the one place that the settings name, whatever a producer wrote into the trace id."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graveshift.errors import SettingsError
from graveshift.settings import load
from graveshift.tracing import LOOKS, TracingSettings

TEMPLATE = "https://traces.example:8443/t/{trace_id}?org=1#x"


def test_a_trace_has_a_link_and_without_a_template_or_a_trace_there_is_none() -> None:
    assert TracingSettings(TEMPLATE).link("9f2c") == "https://traces.example:8443/t/9f2c?org=1#x"
    assert TracingSettings(TEMPLATE).link(f"00-{'4bf9' * 8}-{'00f0' * 4}-01") == (
        f"https://traces.example:8443/t/{'4bf9' * 8}?org=1#x"
    )
    assert TracingSettings().link("9f2c") is None
    assert TracingSettings(TEMPLATE).link(None) is None
    assert TracingSettings(TEMPLATE).link("") is None


@given(st.text(min_size=1))
def test_an_id_stays_in_its_place_of_the_link(trace_id: str) -> None:
    link = TracingSettings(TEMPLATE).link(trace_id)
    assert link is not None
    assert link.isascii()
    assert link.isprintable()
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "traces.example:8443", "org=1", "x")
    assert parts.path.count("/") == 2
    assert unquote(parts.path).removeprefix("/t/") == trace_id.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    "text",
    [
        "https://traces.example/",
        "https://traces.example/{trace_id}/{trace_id}",
        "https://traces.example/{trace}/{trace_id}",
        "https://{trace_id}/",
        "https://traces.example:{trace_id}/",
        "ftp://traces.example/{trace_id}",
        "javascript:alert({trace_id})",
        "traces.example/{trace_id}",
        "https:///{trace_id}",
        "https://[::1/{trace_id}",
        "https://traces.example/ {trace_id}",
        "https://traces.example/\u202e{trace_id}",
    ],
)
def test_what_is_no_template_is_refused_with_its_key(text: str, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(f"tracing: {{url_template: '{text}'}}", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load(own, {})
    assert f"{own}: tracing.url_template: {LOOKS}" in str(refused.value)


def test_a_variable_sets_it() -> None:
    assert load(environ={"GRAVESHIFT_TRACING_URL_TEMPLATE": TEMPLATE}).tracing.url_template == TEMPLATE
