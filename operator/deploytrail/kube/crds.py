"""The CustomResourceDefinitions, generated from the models in kube.resources and the rules in kube.rules."""

from typing import Any

import yaml

from deploytrail.kube import rules
from deploytrail.kube.resources import GROUP, KIND, PLURAL, VERSION, DeploymentEventSpec, DeploymentEventStatus
from deploytrail.kube.schema import JSON, structural
from deploytrail.record.model import Source

CATEGORY = "deploytrail"


def crds() -> list[JSON]:
    """Every kind of ours, as objects to apply."""
    return [_deployment_event()]


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


def _deployment_event() -> JSON:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["dep"],
                "categories": [CATEGORY],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": _object()},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": _COLUMNS,
                    "selectableFields": [{"jsonPath": ".spec.product"}, {"jsonPath": ".spec.environment"}],
                }
            ],
        },
    }


def _object() -> JSON:
    return {
        "description": "One deployment: a version of a product brought into an environment, once.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": "The version of this schema."},
            "kind": {"type": "string", "description": "The kind of this object."},
            "metadata": {"type": "object"},
            "spec": _spec(),
            "status": _status(),
        },
        "x-kubernetes-validations": rules.OBJECT,
    }


def _spec() -> JSON:
    schema = structural(DeploymentEventSpec)
    schema["x-kubernetes-validations"] = rules.SPEC
    for field, its_rules in rules.FIELDS.items():
        schema["properties"][field]["x-kubernetes-validations"] = its_rules
    schema["properties"]["source"]["default"] = Source.KUBECTL.value
    return schema


def _status() -> JSON:
    schema = structural(DeploymentEventStatus)
    schema["properties"]["conditions"] |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
    schema["properties"]["kopf"] = {
        "description": "How far the operator's handlers have come. Not for people.",
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    return schema


def _column(name: str, path: str, description: str, *, kind: str = "string", wide: bool = False) -> JSON:
    column: JSON = {"name": name, "type": kind, "jsonPath": path, "description": description}
    return {**column, "priority": 1} if wide else column


_COLUMNS = [
    _column("Product", ".spec.product", "What was deployed."),
    _column("Version", ".spec.version", "Which version of it."),
    _column("Environment", ".spec.environment", "Where to."),
    _column("Status", ".spec.status", "Where the deployment stands, as reported."),
    _column("Duration", ".status.duration", "From start to end.", wide=True),
    _column("Commit", ".spec.commit", "Which commit.", wide=True),
    _column("Source", ".spec.source", "Who told us.", wide=True),
    _column(
        "Recorded", ".status.conditions[?(@.type=='Recorded')].status", "Whether the report was accepted.", wide=True
    ),
    _column("Age", ".metadata.creationTimestamp", "When it was reported.", kind="date"),
]
