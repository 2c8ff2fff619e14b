import pytest

from deploytrail.mapping.images import name_of, tag_of, version_of


@pytest.mark.parametrize(
    ("image", "name", "tag"),
    [
        ("web", "web", None),
        ("web:1.2.3", "web", "1.2.3"),
        ("registry.example.com:5000/shop/web", "web", None),
        ("registry.example.com:5000/shop/web:1.2.3", "web", "1.2.3"),
        ("registry.example.com/shop/web:1.2.3@sha256:abc", "web", "1.2.3"),
        ("registry.example.com/shop/web@sha256:abc", "web", None),
        ("", "", None),
    ],
)
def test_an_image_has_a_name_and_perhaps_a_tag(image: str, name: str, tag: str | None) -> None:
    assert (name_of(image), tag_of(image)) == (name, tag)


@pytest.mark.parametrize(
    ("images", "version"),
    [
        (["r/shop/web:1.2.3", "r/proxy:9"], "1.2.3"),
        (["r/shop/other:1.2.3"], "1.2.3"),
        (["r/a/x:1", "r/b/x:1"], "1"),
        (["r/app:4", "r/proxy:9"], "4"),
        (["r/web:1", "r/app:4"], "1"),
        (["r/a:1", "r/b:2"], None),
        (["r/web:1", "r/web:2"], None),
        (["r/web:latest"], None),
        (["r/web@sha256:abc"], None),
        (["r/web"], None),
        ([], None),
    ],
)
def test_the_version_is_the_tag_of_the_main_image(images: list[str], version: str | None) -> None:
    assert version_of(images, "web", "app") == version
