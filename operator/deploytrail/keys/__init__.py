"""Who may tell and who may ask. In: a key as a client sent it. Out: the Key it belongs to, or nothing.

A key is shown once and kept as a digest: in labelled Secrets in a cluster, in a file elsewhere.
Called by the ingest routes and the read API, both through the KeyRing, and by those who make keys.

model     a key; order is what it shall be, imported reads what a user brings along
ring      the keys in force; rates is how often each may be used, uses when it last was
base      the port: where keys are kept; file and secrets are the two places
hiding    what was sent, without keys
"""
