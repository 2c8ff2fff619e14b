"""Keys as they stand in an Authorization header."""


def scheme_token(authorization: str | None, scheme: str = "bearer") -> str | None:
    """What follows the scheme, or None when the header is absent or of another scheme. Schemes ignore case."""
    given, _, token = (authorization or "").partition(" ")
    return token.strip() or None if given.lower() == scheme else None
