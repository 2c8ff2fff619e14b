"""A Deploytrail somewhere else, as its clients see it: where it is, with which key, and what its answers mean.

In: what the flags say and the variables of the process, as values. Out: an address, a key, or one of our three errors.
Called by reporting, which posts, and viewing, which asks.
"""
