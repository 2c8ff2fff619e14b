"""The variables by which a person says things outright, in any CI system and on any machine."""

PREFIX = "DEPLOYTRAIL_"
"""What their names begin with."""
