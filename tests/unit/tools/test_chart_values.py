"""values.yaml is read as its author meant it, and says no more than it should in schema and README."""

from pathlib import Path

import pytest
import yaml

from tools.chart_files import BEGIN, END, crd_template, readme_with, values_table
from tools.chart_values import Value, json_schema, read_values

CHART = Path(__file__).parents[3] / "charts/deploytrail"

TEXT = """\
# About the file, and not about a value.

# -- Pods, of which
# there may be many.
# @schema {minimum: 1}
replicas: 1

image:
  # -- Where | it is.
  repository: a/b
  # -- When.
  # @schema {enum: [Always, Never]}
  pull: Never

# -- A value of its own.
resources:
  limits:
    memory: 1Gi
"""


def test_every_value_is_found_with_its_description_and_what_is_allowed() -> None:
    values = read_values(TEXT)

    assert values == [
        Value(("replicas",), 1, "Pods, of which there may be many.", {"minimum": 1}),
        Value(("image", "repository"), "a/b", "Where | it is.", {}),
        Value(("image", "pull"), "Never", "When.", {"enum": ["Always", "Never"]}),
        Value(("resources",), {"limits": {"memory": "1Gi"}}, "A value of its own.", {}),
    ]


def test_a_value_without_a_description_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match=r"line 2: image\.tag has no description"):
        read_values("image:\n  tag: x\n")


def test_the_schema_allows_these_values_and_no_others() -> None:
    schema = json_schema(read_values(TEXT))

    assert schema["additionalProperties"] is False
    assert list(schema["properties"]) == ["replicas", "image", "resources"]
    assert schema["properties"]["replicas"] == {
        "type": "integer",
        "description": "Pods, of which there may be many.",
        "minimum": 1,
    }
    assert schema["properties"]["image"]["additionalProperties"] is False
    assert "additionalProperties" not in schema["properties"]["resources"]


def test_the_table_shows_defaults_and_keeps_its_columns() -> None:
    table = values_table(read_values(TEXT))

    assert table.splitlines()[2:4] == [
        "| `replicas` | `1` | Pods, of which there may be many. |",
        '| `image.repository` | `"a/b"` | Where \\| it is. |',
    ]


def test_only_the_table_of_the_readme_is_made_new() -> None:
    made = readme_with(read_values(TEXT), f"before\n{BEGIN}\nold\n{END}\nafter\n")

    assert made.startswith(f"before\n{BEGIN}\n\n| Value |")
    assert made.endswith(f"{END}\nafter\n")
    assert "old" not in made


def test_a_readme_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the lines"):
        readme_with([], "nothing here")


def test_a_definition_that_looks_like_a_template_is_refused() -> None:
    definition = {"metadata": {"name": "x"}, "spec": {"versions": [{"name": "{{ v }}", "selectableFields": []}]}}

    with pytest.raises(ValueError, match="x holds what Helm would take for a template"):
        crd_template(definition)


def test_the_charts_values_are_all_in_its_schema() -> None:
    text = (CHART / "values.yaml").read_text()

    values = read_values(text)

    rebuilt: dict[str, object] = {}
    for value in values:
        group = rebuilt
        for name in value.path[:-1]:
            group = group.setdefault(name, {})  # type: ignore[assignment]
        group[value.path[-1]] = value.default
    assert rebuilt == yaml.safe_load(text)
