"""The nouns and what may happen to them. Pure: values in, values out, no clock, no network, no log.

In: a report from mapping. Out: the record it makes, and the decision what to do with it.
Called by the stores and by the sources (the rollout tracker).

model      the nouns: what can be known, what is kept, what was told; values is what they are made of
identity   which record a report belongs to, by its sender's own ids
series     the same for senders without any
lifecycle  what a report does to its record
version    which commit a version is, for ever
event      what is announced of a record
admission  what holds for every report
query      what may be asked
"""
