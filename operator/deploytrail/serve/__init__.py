"""Who asks: the read API, health, metrics and the docs page, and the server that carries all of HTTP.

In: questions of people, dashboards and probes. Out: records, as JSON. Nothing here writes.

api       builds the application; deployments, health and docs are its routes
views     a record as it is shown
access    who may ask
edge      what holds for every answer: measured, and never without a body
server    the listener, with the limits of protocol
"""
