"""The CustomResourceDefinitions, generated from the models in kube.resources and the rules in kube.rules."""

from typing import Any

import yaml

from deploytrail.kube.kinds import KINDS, Definition
from deploytrail.kube.resources import GROUP, VERSION
from deploytrail.kube.schema import JSON, structural
from deploytrail.record.model import Source

CATEGORY = "deploytrail"


def crds() -> list[JSON]:
    """Every kind of ours, as objects to apply."""
    return [_definition(kind) for kind in KINDS]


def to_yaml() -> str:
    """Every kind of ours, one YAML document each."""
    return as_yaml(*crds())


def as_yaml(*definitions: JSON) -> str:
    """A YAML document for each, its keys in the order they are written here."""
    text: str = yaml.dump_all(definitions, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
    return text


class _Dumper(yaml.SafeDumper):
    """Writes out what occurs twice: kubectl reads anchors, people do not."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _definition(kind: Definition) -> JSON:
    version: JSON = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _object(kind)},
        "additionalPrinterColumns": kind.columns,
        "selectableFields": [{"jsonPath": path} for path in kind.selectable],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": [kind.short_name],
                "categories": [CATEGORY],
            },
            "scope": "Namespaced",
            "versions": [version | ({"subresources": {"status": {}}} if kind.status else {})],
        },
    }


def _object(kind: Definition) -> JSON:
    schema: JSON = {
        "description": kind.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": "The version of this schema."},
            "kind": {"type": "string", "description": "The kind of this object."},
            "metadata": {"type": "object"},
            "spec": _spec(kind),
        },
    }
    if kind.status:
        schema["properties"]["status"] = _status(kind.status)
    return schema | ({"x-kubernetes-validations": kind.rules.whole} if kind.rules.whole else {})


def _spec(kind: Definition) -> JSON:
    schema = structural(kind.spec)
    schema["x-kubernetes-validations"] = kind.rules.spec
    for field, its_rules in kind.rules.fields.items():
        schema["properties"][field]["x-kubernetes-validations"] = its_rules
    if kind.status:
        schema["properties"]["source"]["default"] = Source.KUBECTL.value
    return schema


def _status(model: type[Any]) -> JSON:
    schema = structural(model)
    schema["properties"]["conditions"] |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
    schema["properties"]["kopf"] = {
        "description": "How far the operator's handlers have come. Not for people.",
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    return schema
