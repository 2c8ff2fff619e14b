"""Who may tell and who may ask. In: a key as a client sent it. Out: the Key it belongs to, or nothing.

A key is shown once and kept as a digest: in labelled Secrets in a cluster, in a file elsewhere.
Called by the ingest routes and the read API, both through the KeyRing.
"""
