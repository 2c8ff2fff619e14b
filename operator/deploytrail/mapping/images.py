"""Container images: what they are called and which version they are."""

from collections.abc import Iterable

MOVING = ("latest",)
"""Tags that name whatever was pushed last, so no version."""


def name_of(image: str) -> str:
    """``api`` of ``registry:5000/company/api:v1.2.3@sha256:...``."""
    return _last(image).partition(":")[0]


def tag_of(image: str) -> str | None:
    """``v1.2.3`` of the same; None when the image has none."""
    return _last(image).partition(":")[2] or None


def version_of(images: Iterable[str], *names: str) -> str | None:
    """The tag of the main image: the one called like the first of ``names`` that any is called like; else the only one.

    None when there is no main image, when it runs with several tags at once (as during a rollout), or with none that
    is a version.
    """
    by_name: dict[str, set[str | None]] = {}
    for image in images:
        by_name.setdefault(name_of(image), set()).add(tag_of(image))
    main = next((name for name in names if name in by_name), None)
    if main is None and len(by_name) == 1:
        main = next(iter(by_name))
    tags = by_name.get(main, set()) if main else set()
    tag = next(iter(tags)) if len(tags) == 1 else None
    return tag if tag not in MOVING else None


def _last(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2]
