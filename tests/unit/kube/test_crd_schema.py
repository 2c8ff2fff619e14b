"""The generated CRD follows the rules for structural schemas, and teaches whoever asks ``kubectl explain``."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import AwareDatetime, BaseModel, Field

from deploytrail.kube.crds import as_yaml, crds
from deploytrail.kube.schema import structural
from deploytrail.record.model import Source, Status, Trigger

ALLOWED = {
    "type", "format", "description", "enum", "pattern", "minimum", "minLength", "maxLength", "maxItems", "required",
    "default", "properties", "items", "x-kubernetes-validations", "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
}  # fmt: skip


class Inner(BaseModel):
    """The inner one."""

    a: int


class Outer(BaseModel):
    """The outer one."""

    word: Annotated[str, Field(max_length=5)] | None = Field(None, description="A word.")
    words: list[str] = Field([], max_length=3)
    kind: Literal["x", "y"] = "x"
    when: AwareDatetime
    inner: Inner | None = Field(None, description="Another.")
    inners: list[Inner] = []
    free: dict[str, Any] | None = None


NAMES = ("DeploymentEvent", "BuildEvent", "Annotation", "Version")
"""Every kind."""


def version(kind: str = "DeploymentEvent") -> dict[str, Any]:
    (definition,) = (each for each in crds() if each["spec"]["names"]["kind"] == kind)
    (only,) = definition["spec"]["versions"]
    return dict(only)


def root(kind: str = "DeploymentEvent") -> dict[str, Any]:
    return dict(version(kind)["schema"]["openAPIV3Schema"])


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")


def test_a_model_becomes_a_schema_without_references_null_titles_and_defaults() -> None:
    schema = structural(Outer)

    assert schema == {
        "description": "The outer one.",
        "type": "object",
        "required": ["when"],
        "properties": {
            "word": {"description": "A word.", "type": "string", "maxLength": 5},
            "words": {"type": "array", "maxItems": 3, "items": {"type": "string"}},
            "kind": {"type": "string", "enum": ["x", "y"]},
            "when": {"type": "string", "format": "date-time"},
            "inner": {
                "description": "Another.",
                "type": "object",
                "required": ["a"],
                "properties": {"a": {"type": "integer", "format": "int64"}},
            },
            "inners": {
                "type": "array",
                "items": {
                    "description": "The inner one.",
                    "type": "object",
                    "required": ["a"],
                    "properties": {"a": {"type": "integer", "format": "int64"}},
                },
            },
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }


def test_a_field_with_two_meanings_is_refused() -> None:
    class Torn(BaseModel):
        """Either."""

        value: int | str

    with pytest.raises(ValueError, match="too many values"):
        structural(Torn)


@pytest.mark.parametrize("kind", NAMES)
def test_every_field_has_a_type_and_only_what_a_structural_schema_may_have(kind: str) -> None:
    for path, node in nodes(root(kind)):
        assert "type" in node, path
        assert set(node) <= ALLOWED, path


@pytest.mark.parametrize("kind", NAMES)
def test_every_field_has_a_description_that_is_a_sentence(kind: str) -> None:
    for path, node in nodes(root(kind)):
        if path == ".metadata" or path.endswith("[]"):
            continue
        assert node["description"][0].isupper(), path
        assert node["description"].endswith("."), path


@pytest.mark.parametrize("kind", NAMES)
def test_every_text_list_and_free_field_of_the_spec_is_bounded_or_known_to_be_free(kind: str) -> None:
    free = [path for path, node in nodes(root(kind)) if node.get("x-kubernetes-preserve-unknown-fields")]

    assert set(free) <= {".spec.metadata", ".status.kopf"}
    for path, node in nodes(root(kind)["properties"]["spec"]):
        if node["type"] == "string" and "enum" not in node and "format" not in node:
            assert "maxLength" in node, path
        if node["type"] == "array":
            assert "maxItems" in node, path


@pytest.mark.parametrize(
    ("kind", "required"),
    [("DeploymentEvent", {"product", "environment", "status"}), ("BuildEvent", {"product", "version", "status"})],
)
def test_only_what_a_person_must_say_is_required(kind: str, required: set[str]) -> None:
    assert root(kind)["required"] == ["spec"]
    assert set(root(kind)["properties"]["spec"]["required"]) == required


def test_enumerations_are_those_of_the_record() -> None:
    spec = root()["properties"]["spec"]["properties"]

    assert spec["status"]["enum"] == [status.value for status in Status]
    assert spec["source"]["enum"] == [source.value for source in Source]
    assert spec["trigger"]["enum"] == [trigger.value for trigger in Trigger]


def test_a_build_is_never_unknown() -> None:
    words = root("BuildEvent")["properties"]["spec"]["properties"]["status"]["enum"]

    assert words == [status.value for status in Status if status is not Status.UNKNOWN]


@pytest.mark.parametrize("kind", NAMES)
def test_every_rule_says_a_sentence_and_points_to_a_field_that_exists(kind: str) -> None:
    paths = {path for path, _ in nodes(root(kind))}

    for path, node in nodes(root(kind)):
        for rule in node.get("x-kubernetes-validations", []):
            assert "message" in rule
            assert path + rule.get("fieldPath", "") in paths


@pytest.mark.parametrize("kind", NAMES)
def test_columns_and_selectable_fields_point_to_fields_that_exist(kind: str) -> None:
    paths = {path for path, _ in nodes(root(kind))} | {".metadata.creationTimestamp"}

    for column in version(kind)["additionalPrinterColumns"]:
        assert column["jsonPath"].replace("[?(@.type=='Recorded')]", "[]") in paths, column["name"]
    for field in version(kind)["selectableFields"]:
        assert field["jsonPath"] in paths


def test_the_yaml_is_the_definition_and_has_no_anchors() -> None:
    text = as_yaml(*crds(), *crds())

    assert list(yaml.safe_load_all(text)) == crds() + crds()
    assert "&id" not in text
