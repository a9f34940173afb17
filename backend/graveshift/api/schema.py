"""The API's OpenAPI 3.1 description, made from the same table and the same types that serve it."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Raw

from graveshift import __version__, errors
from graveshift.api.endpoint import Endpoint
from graveshift.api.problems import MEDIA_TYPE
from graveshift.errors import GraveshiftError
from graveshift.wire.problem import Problem

Json = dict[str, Any]
REF = "#/components/schemas/{name}"


def describe(endpoints: Sequence[Endpoint]) -> Json:
    """The whole document."""
    kinds = _kinds(endpoints)
    schemas, components = msgspec.json.schema_components(kinds, schema_hook=_hook, ref_template=REF)
    by_kind = {_key(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.template, {})[endpoint.method.lower()] = _operation(endpoint, by_kind)
    return {
        "openapi": "3.1.0",
        "info": {"title": "graveshift", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def possible(endpoint: Endpoint) -> list[type[GraveshiftError]]:
    """Every error that the endpoint may answer with."""
    found = [errors.Invalid, errors.GraveshiftError, errors.DatabaseUnavailable]
    if not endpoint.endless:
        found.append(errors.TimedOut)
    if endpoint.role is not None:
        found += [errors.Unauthenticated, errors.NotAllowed]
    if "{" in endpoint.path:
        found.append(errors.NotFound)
    if endpoint.takes:
        found += [errors.TooLarge, errors.UnsupportedMediaType]
    return [*found, *endpoint.errors]


def _operation(endpoint: Endpoint, schemas: dict[str, Json]) -> Json:
    operation: Json = {
        "summary": endpoint.title,
        "operationId": re.sub(r"\W+", "_", f"{endpoint.method.lower()}{endpoint.template}").strip("_"),
        "parameters": [*_path(endpoint), *_query(endpoint), *_headers(endpoint)],
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.role is not None:
        operation["security"] = [{"token": []}]
        operation["x-role"] = endpoint.role.value
    if endpoint.takes:
        shapes = [schemas[_key(kind)] for kind in endpoint.takes]
        body = shapes[0] if len(shapes) == 1 else {"oneOf": shapes}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _responses(endpoint: Endpoint, schemas: dict[str, Json]) -> Json:
    answer = {"schema": schemas[_key(endpoint.answers)]}
    kinds = dict.fromkeys((endpoint.media_type, *endpoint.other_media), answer)
    found: Json = {str(endpoint.status): _response(endpoint.status, kinds)}
    for error in possible(endpoint):
        codes = sorted({other.code for other in possible(endpoint) if other.status == error.status})
        described = _response(error.status, {MEDIA_TYPE: {"schema": schemas[_key(Problem)]}}, codes)
        found.setdefault(str(error.status), described)
    if endpoint.template in ("/health", "/v1/health"):
        found["503"]["content"]["application/json"] = answer
    return found


def _response(status: int, content: Json, codes: Iterable[str] = ()) -> Json:
    return {"description": ", ".join(codes) or HTTPStatus(status).phrase, "content": content}


def _path(endpoint: Endpoint) -> list[Json]:
    schema = {"type": "string", "minLength": 1}
    names = re.findall(r"{(\w+)}", endpoint.template)
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _query(endpoint: Endpoint) -> list[Json]:
    schema = msgspec.json.schema(endpoint.query)
    shape = schema["$defs"][endpoint.query.__name__]
    needed = shape.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": _given(field)}
        for name, field in shape["properties"].items()
    ]


def _given(field: Json) -> Json:
    """A query parameter is given or not; it is never null."""
    kinds = [kind for kind in field.get("anyOf", []) if kind.get("type") != "null"]
    return kinds[0] if kinds else field


def _headers(endpoint: Endpoint) -> list[Json]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return [{"name": name, "in": "header", "required": True, "schema": schema} for name in endpoint.headers]


def _kinds(endpoints: Sequence[Endpoint]) -> list[Any]:
    every = [Problem, *(e.answers for e in endpoints), *(kind for e in endpoints for kind in e.takes)]
    return list({_key(kind): kind for kind in every}.values())


def _key(kind: Any) -> str:
    return str(kind)


def _hook(kind: type) -> Json:
    """A payload is any JSON."""
    if kind is Raw:
        return {}
    raise NotImplementedError
