"""The noun and what may happen to it. Pure: values in, values out, no clock, no network, no log.

In: a Report from mapping. Out: a Deployment and the decision what to do with it.
Called by the stores (decide) and by the sources (the rollout tracker).
"""
