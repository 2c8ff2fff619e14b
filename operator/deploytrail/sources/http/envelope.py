"""CloudEvents' HTTP binding: an event out of its envelope, whichever of the forms it was sent in."""

from collections.abc import Mapping
from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, from_binary, from_structured
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat

from deploytrail.errors import Rejected
from deploytrail.sources.http.dialect import Request

JSON, STRUCTURED, BATCHED = "application/json", "application/cloudevents+json", "application/cloudevents-batch+json"


def open_envelope(request: Request) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The attributes of the CloudEvent, and the CDEvent in it; of a bare one, no attributes."""
    heads = request.head.headers
    content = request.text.encode()
    try:
        if "specversion" in request.document:
            event = from_structured(HTTPMessage({"content-type": STRUCTURED}, content), JSONFormat())
        elif any(name.startswith("ce-") for name in heads):
            told = {name: value for name, value in heads.items() if name.startswith("ce-")}
            event = from_binary(HTTPMessage(told | {"content-type": JSON}, content), JSONFormat())
        else:
            return {}, request.document
        attributes, data = event.get_attributes(), event.get_data()
    except BaseCloudEventException as error:
        raise Rejected(f"no CloudEvent: {_first(error)}", reason="invalid-field") from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise Rejected("no CloudEvent: an attribute has the wrong type or form", reason="invalid-field") from error
    document = data if isinstance(data, Mapping) else {}
    return attributes, {name: value for name, value in document.items() if value is not None}


def _first(error: BaseCloudEventException) -> str:
    """The name of the attribute that is wrong; never what it holds."""
    names = sorted(getattr(error, "errors", {}))
    known = [name for name in names if name.isalnum()]
    return f"the attribute {known[0]} is missing or wrong" if known else "an attribute is missing or wrong"
