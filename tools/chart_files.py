"""The chart's generated files, as text: the CRD templates, values.schema.json and the table in README.md."""

import json
from copy import deepcopy
from textwrap import indent

from deploytrail.kube.crds import as_yaml
from tools.chart_values import JSON, Value, json_schema

BEGIN, END = "<!-- values: made by `make generate` -->", "<!-- end of values -->"

_HEAD = """\
{{- /* Made by `make generate` from operator/deploytrail/kube. Do not edit. */}}
{{- if .Values.crds.install }}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: %s
  labels:
    {{- include "deploytrail.labels" . | nindent 4 }}
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
"""

# An API server before 1.30 knows no selectable fields, and a strict client refuses them for it.
_SELECTABLE = """\
    {{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}
%s    {{- end }}
"""


def crd_template(definition: JSON) -> str:
    """The definition as a template that can be left out, and kept when the chart is uninstalled."""
    spec = deepcopy(definition["spec"])
    (version,) = spec["versions"]
    selectable = as_yaml({"selectableFields": version.pop("selectableFields")})
    body = as_yaml({"spec": spec})
    name: str = definition["metadata"]["name"]
    if "{{" in body:
        raise ValueError(f"{name} holds what Helm would take for a template")
    return _HEAD % name + body + _SELECTABLE % indent(selectable, "    ") + "{{- end }}\n"


def schema_file(values: list[Value]) -> str:
    """values.schema.json."""
    return json.dumps(json_schema(values), indent=2) + "\n"


def readme_with(values: list[Value], readme: str) -> str:
    """The README with its table of values made new."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the chart's README.md lacks the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{values_table(values)}\n{END}{after}"


def values_table(values: list[Value]) -> str:
    """A Markdown table: what can be set, its default, what it is for."""
    rows = [f"| `{'.'.join(v.path)}` | `{json.dumps(v.default)}` | {_cell(v.description)} |\n" for v in values]
    return "| Value | Default | What it is |\n|---|---|---|\n" + "".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
