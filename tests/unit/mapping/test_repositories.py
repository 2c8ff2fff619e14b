import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploytrail.mapping.repositories import normalise, strip_credentials, strip_location, strip_secrets

SAME = [
    "https://github.com/acme/shop",
    "https://github.com/acme/shop/",
    "https://github.com/acme/shop.git",
    "http://github.com/acme/shop.git",
    "https://github.com:443/acme/shop.git",
    "https://GitHub.com/acme/shop",
    "https://www.github.com/acme/shop",
    "https://x-access-token:ghs_secret@github.com/acme/shop.git",
    "https://github.com//acme/shop",
    "https://github.com/acme/shop/tree/main/apps/web",
    "https://github.com/acme/shop/pull/7",
    "https://github.com/acme/shop/issues",
    "https://github.com/acme/shop?tab=readme#top",
    "git@github.com:acme/shop.git",
    "git@github.com:acme/shop",
    "git@github.com:/acme/shop.git",
    "github.com:acme/shop.git",
    "org-123@github.com:acme/shop.git",
    "ssh://git@github.com/acme/shop.git",
    "ssh://git@github.com:22/acme/shop.git",
    "ssh://git@ssh.github.com:443/acme/shop.git",
    "git+ssh://git@github.com/acme/shop.git",
    "git+https://github.com/acme/shop.git",
    "git://github.com/acme/shop.git",
    "github.com/acme/shop",
    "github.com/acme/shop.git",
    "  https://github.com/acme/shop.git\n",
]


@pytest.mark.parametrize("written", SAME)
def test_equal_repositories_give_equal_text(written: str) -> None:
    assert normalise(written) == "https://github.com/acme/shop"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("acme/shop", "acme/shop"),
        ("acme/shop.git", "acme/shop"),
        ("group/sub/shop", "group/sub/shop"),
        ("", ""),
        ("shop", "shop"),
        ("https://gitlab.com/group/sub/shop.git", "https://gitlab.com/group/sub/shop"),
        ("https://gitlab.com/group/sub/shop/-/merge_requests/4", "https://gitlab.com/group/sub/shop"),
        ("git@gitlab.com:group/sub/shop.git", "https://gitlab.com/group/sub/shop"),
        ("ssh://git@git.example.com:2222/acme/shop.git", "https://git.example.com/acme/shop"),
        ("git@git.example.com:2222/acme/shop.git", "https://git.example.com/acme/shop"),
        ("http://127.0.0.1:38080/acme/shop.git", "http://127.0.0.1:38080/acme/shop"),
        ("127.0.0.1:38080/acme/shop.git", "https://127.0.0.1:38080/acme/shop"),
        ("https://git.example.com:8443/acme/shop", "https://git.example.com:8443/acme/shop"),
        ("gitserver:acme/shop.git", "https://gitserver/acme/shop"),
        ("https://[2001:db8::1]:8443/acme/shop", "https://[2001:db8::1]:8443/acme/shop"),
        ("oci://Registry.example.com/charts/web", "oci://registry.example.com/charts/web"),
        ("oci://robot:secret@registry.example.com:5000/charts/web", "oci://registry.example.com:5000/charts/web"),
        ("https://charts.example.com", "https://charts.example.com"),
        ("https://charts.example.com/stable/", "https://charts.example.com/stable"),
        ("git@ssh.dev.azure.com:v3/acme/shop/web", "https://dev.azure.com/acme/shop/_git/web"),
        ("https://acme@dev.azure.com/acme/shop/_git/web", "https://dev.azure.com/acme/shop/_git/web"),
        ("https://git.example.com/tree/shop/blob", "https://git.example.com/tree/shop/blob"),
        ("https://git.example.com/acme/shop/src/branch/main", "https://git.example.com/acme/shop/src/branch/main"),
        ("https://github.com/Acme/Shop", "https://github.com/Acme/Shop"),
        ("https://[broken/acme/shop", "https://[broken/acme/shop"),
        ("https://host:port/acme/shop", "https://host:port/acme/shop"),
    ],
)
def test_a_repository_is_written_one_way(written: str, normal: str) -> None:
    assert normalise(written) == normal


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://alice:s3cret@git.example.com/shop.git", "https://git.example.com/shop.git"),
        ("cannot reach https://t0ken@git.example.com/shop: 403", "cannot reach https://git.example.com/shop: 403"),
        ("https://alice:p@ss@git.example.com/shop", "https://git.example.com/shop"),
        ("http://127.0.0.1:38080/acme/values.git", "http://127.0.0.1:38080/acme/values.git"),
        ("https://git.example.com/users/@alice/shop", "https://git.example.com/users/@alice/shop"),
    ],
)
def test_credentials_are_taken_out_of_urls_and_nothing_else_is(text: str, clean: str) -> None:
    assert strip_credentials(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET https://a:b@git.example.com/shop?token=x#y: 401", "GET https://git.example.com/shop 401"),
        ('Get "https://git.example.com/shop?token=x": EOF', 'Get "https://git.example.com/shop": EOF'),
        ("is it? #1 is https://git.example.com/shop", "is it? #1 is https://git.example.com/shop"),
    ],
)
def test_secrets_are_taken_out_of_urls_and_nothing_else_is(text: str, clean: str) -> None:
    assert strip_secrets(text) == clean


@pytest.mark.parametrize(
    "written", ["git.example.com/shop?token=x", "git@git.example.com:shop#x", "oci://a:b@git.example.com/shop?x=y"]
)
def test_a_location_has_no_query(written: str) -> None:
    assert strip_location(written) in ("git.example.com/shop", "git@git.example.com:shop", "oci://git.example.com/shop")


@given(
    st.text(max_size=60)
    | st.from_regex(r"[a-z]{0,3}(://)?([a-z]@)?[a-z.\[\]:@/0-9-]{0,20}(\.git|/tree/x)?", fullmatch=True)
)
def test_no_text_is_refused_and_what_is_normal_stays_so(text: str) -> None:
    normal = normalise(text)

    assert normalise(normal) == normal


@given(
    user=st.sampled_from(["alice", "x-access-token"]),
    secret=st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=12, max_size=20),
    location=st.sampled_from(["git.example.com/acme/shop.git", "registry.example.com:5000/web"]),
    scheme=st.sampled_from(["https", "http", "ssh", "oci", "git"]),
)
def test_a_secret_in_a_url_never_comes_through(user: str, secret: str, location: str, scheme: str) -> None:
    assert secret not in normalise(f"{scheme}://{user}:{secret}@{location}")
