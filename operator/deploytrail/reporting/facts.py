"""What is known of a CI job: what flags say, else DEPLOYTRAIL_... variables, else what its system says. Pure."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import quote

from deploytrail.mapping.repositories import normalise, strip_credentials
from deploytrail.remote.variables import PREFIX
from deploytrail.reporting.systems import FIELDS, SYSTEMS, System

Facts = Mapping[str, str]
"""Field → what is known of it; a field of which nothing is known is not there."""

_VARIABLE = re.compile(r"\{(?P<name>[A-Z0-9_]+)(?::(?P<reading>[a-z]+))?\}")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?")
_NO_BRANCH = ("HEAD", "detached")


def find(flags: Mapping[str, str | None], variables: Mapping[str, str]) -> Facts:
    """What is known. A flag that was given empty says that the field be left out, whatever the variables say."""
    system = detect(variables)
    said = _from_system(system, variables) if system is not None else {}
    said |= {field: value for field in FIELDS if (value := variables.get(PREFIX + field.upper(), "").strip())}
    said |= {field: flag.strip() for field in FIELDS if (flag := flags.get(field)) is not None}
    given = {field: value for field, value in said.items() if value}
    _clean(given)
    for field, derived in _derive(given).items():
        if field not in said:
            given[field] = derived
    return MappingProxyType({field: given[field] for field in FIELDS if field in given})


def detect(variables: Mapping[str, str]) -> System | None:
    """The system that these variables are of; None outside those we know."""
    return next((system for system in SYSTEMS if _is_marked(system, variables)), None)


def _is_marked(system: System, variables: Mapping[str, str]) -> bool:
    return all(
        variables.get(name, "").casefold() == value.casefold() if value else bool(variables.get(name))
        for name, value in system.marks.items()
    )


def _from_system(system: System, variables: Mapping[str, str]) -> dict[str, str]:
    found = {"source_system": system.name}
    for field, templates in system.fields.items():
        value = next(filter(None, (_fill(template, variables) for template in templates)), "")
        if value:
            found[field] = value
    if "version" in found:
        # A build of a tag is of no branch, though Jenkins puts the tag's name where the branch's stands.
        found.pop("branch", None)
    return found


def _fill(template: str, variables: Mapping[str, str]) -> str:
    """The template with its variables; empty when one of them is."""
    values = {match[0]: _read(match, variables) for match in _VARIABLE.finditer(template)}
    return _VARIABLE.sub(lambda match: values[match[0]], template) if all(values.values()) else ""


def _read(match: re.Match[str], variables: Mapping[str, str]) -> str:
    value = variables.get(match["name"], "").strip()
    return READINGS[match["reading"]](value) if match["reading"] else value


def _tag(ref: str) -> str:
    return ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else ""


def _branch(ref: str) -> str:
    branch = ref.removeprefix("refs/heads/")
    return "" if branch.startswith("refs/") else branch


def _remote(branch: str) -> str:
    return "" if branch in _NO_BRANCH else branch.removeprefix("origin/")


def _base(url: str) -> str:
    return url.rstrip("/")


def _commit(revision: str) -> str:
    return revision if _COMMIT.fullmatch(revision) else ""


def _release(revision: str) -> str:
    return "" if _COMMIT.fullmatch(revision) else revision


READINGS: Mapping[str, Callable[[str], str]] = {
    "tag": _tag,
    "branch": _branch,
    "remote": _remote,
    "base": _base,
    "commit": _commit,
    "release": _release,
}
"""How a variable may be read: what remains of its value, or nothing when it is no such thing."""


def _clean(given: dict[str, str]) -> None:
    """Take out what must not travel: clone URLs carry tokens, and names in URLs carry spaces."""
    if "repository" in given:
        given["repository"] = normalise(given["repository"])
    if "build_url" in given:
        given["build_url"] = quote(strip_credentials(given["build_url"]), safe=":/?#[]@!$&'()*+,;=%~")


def _derive(given: Mapping[str, str]) -> dict[str, str]:
    """A product is called like its repository, a version like its commit, where nobody said otherwise."""
    version = given.get("commit") or given.get("build_number")
    product = given.get("repository", "").rpartition("/")[2]
    return {field: value for field, value in (("product", product), ("version", version)) if value}
