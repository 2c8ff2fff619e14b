"""The only door to the Kubernetes API: a client, a watch, and our own kinds. Nothing else speaks to a cluster.

In: records and queries in our words. Out: objects of the group deploytrail.dev and their changes.
"""
