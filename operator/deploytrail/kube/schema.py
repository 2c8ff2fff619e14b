"""A pydantic model as a structural schema: what a CRD may say of it."""

from typing import Any, TypeAlias

from pydantic import BaseModel

JSON: TypeAlias = dict[str, Any]

_KEPT = (
    "description",
    "type",
    "format",
    "enum",
    "pattern",
    "minimum",
    "minLength",
    "maxLength",
    "maxItems",
    "required",
)


def structural(model: type[BaseModel]) -> JSON:
    """The model's schema by its wire names, without references, titles and null.

    A field that may be None becomes a field that may be left out. Defaults stay in the model.
    """
    document = model.model_json_schema(by_alias=True)
    return _structural(document, document.get("$defs", {}))


def _structural(node: JSON, definitions: JSON) -> JSON:
    node = _resolved(node, definitions)
    schema = {key: node[key] for key in _KEPT if key in node}
    if node["type"] == "integer":
        schema["format"] = "int64"
    if "items" in node:
        schema["items"] = _structural(node["items"], definitions)
    if "properties" in node:
        schema["properties"] = {name: _structural(field, definitions) for name, field in node["properties"].items()}
    elif node["type"] == "object":
        schema["x-kubernetes-preserve-unknown-fields"] = True
    return schema


def _resolved(node: JSON, definitions: JSON) -> JSON:
    """The node with what it refers to, or with its one alternative that is not null, in its place."""
    if "$ref" in node:
        referred = definitions[node["$ref"].rpartition("/")[2]]
    elif "anyOf" in node:
        (referred,) = (option for option in node["anyOf"] if option != {"type": "null"})
    else:
        return node
    own = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
    return _resolved({**referred, **own}, definitions)
