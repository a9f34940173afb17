"""The OpenAPI description is whole, and what the API does is what it says."""

import asyncio
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from graveshift.api.schema import describe
from graveshift.api.table import endpoints
from graveshift.wire.operations import Role
from tests.api_service import Service, serving


async def _none(call: Any) -> None:
    return None


TABLE = endpoints(_none, _none)
DOCUMENT = describe(TABLE)
DOCS = Path(__file__).parents[2] / "docs" / "api.md"


def test_every_endpoint_is_described_with_its_answer_and_its_problems() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    for endpoint in TABLE:
        operation = DOCUMENT["paths"][endpoint.template][endpoint.method.lower()]
        assert str(endpoint.status) in operation["responses"]
        if endpoint.role is not None:
            assert {"401", "403", "422"} <= operation["responses"].keys()


def test_the_documentation_names_every_path() -> None:
    text = DOCS.read_text()
    assert [e.template for e in TABLE if f"`{e.method} {e.template}`" not in text] == []


async def test_what_the_api_answers_is_what_it_describes(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service:
        await asyncio.to_thread(check, service)


def check(service: Service) -> None:
    """Generated requests to every path: no failure of ours, no answer that is not described."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    headers = {"Authorization": f"Bearer {service.secret[Role.ADMIN]}"}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.path == "/v1/events":
            continue

        @given(case=operation.as_strategy())
        @settings(
            max_examples=12, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def probe(case: Case[Any]) -> None:
            answer = case.call(base_url=service.url, headers=headers)
            case.validate_response(answer, excluded_checks=[positive_data_acceptance])

        probe()
