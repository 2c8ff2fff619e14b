"""How each type of record looks as an object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

from deploytrail.kube.client import ANNOTATIONS, BUILD_EVENTS, DEPLOYMENT_EVENTS, Kind
from deploytrail.kube.resources import AnnotationSpec, BuildEventSpec, DeploymentEventSpec, RecordSpec
from deploytrail.record.model import Annotation, Build, Deployment, R, Record


@dataclass(frozen=True, slots=True)
class Form(Generic[R]):
    """One of our kinds, and the record it holds."""

    kind: Kind
    name: str
    record: type[R]
    spec: type[RecordSpec]
    marker: str
    """The field of ``spec`` that carries a record's id, and so says that Deploytrail made it."""
    applied: bool = True
    """Whether people apply objects of this kind, too: these are records where they are, and get a status."""


DEPLOYMENT = Form(DEPLOYMENT_EVENTS, "DeploymentEvent", Deployment, DeploymentEventSpec, "deployment_id")
BUILD = Form(BUILD_EVENTS, "BuildEvent", Build, BuildEventSpec, "build_id")
ANNOTATION = Form(ANNOTATIONS, "Annotation", Annotation, AnnotationSpec, "annotation_id", applied=False)

FORMS: Mapping[type[Record], Form[Any]] = {form.record: form for form in (DEPLOYMENT, BUILD, ANNOTATION)}
