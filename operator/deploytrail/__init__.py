"""Deploytrail records every deployment exactly once. The data's way, top to bottom:

sources   where reports come in: Argo CD Applications, DeploymentEvents, HTTP
mapping   a vendor's words into ours (pure)
recorder  the way in, on one screen: report, decide, store
record    the noun, Deployment, and what may happen to it (pure)
stores    where records are kept; a report is acknowledged only after this
serve     who asks: the read API, health, metrics
kube      the only door to the Kubernetes API
keys      who may ask or tell
reporting what a CI job tells a Deploytrail elsewhere: the only outbound HTTP
"""

__version__ = "0.1.0"
