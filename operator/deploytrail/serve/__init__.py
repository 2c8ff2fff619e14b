"""Who asks: the read API, health, metrics and the docs page, and the server that carries all of HTTP.

In: questions of people, dashboards and probes. Out: records, as JSON. Only keys and preferences are written here.

api          builds the application; deployments, keys, health, docs and others are its routes
views        a record as it is shown
answering    in which form, and whether it is new to whoever asks
series       what Prometheus is told of deployments; census asks the store for it
access       who may ask, and how often; strangers get no further
edge         what holds for every answer: measured, and never without a body
server       the listener, with the limits of protocol and connections
"""
