"""``deploytrail get`` and ``watch``: what a Deploytrail somewhere else has recorded, in a terminal.

In: a URL, or a cluster that kubectl knows a way into, and a key. Out: tables, JSON, YAML or CSV. Called by cli.

client      asks the read API
forwarding  a way to a Deploytrail in a cluster, through kubectl
kinds       what can be asked for, and which columns it has (data)
table       records as rows (pure)
live        a table that follows what happens
"""
