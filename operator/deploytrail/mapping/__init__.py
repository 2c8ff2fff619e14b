"""A vendor's words into ours. Pure: values in, values out, no clock, no network, no log.

In: what a client sent or an Argo CD Application says. Out: statuses, times, repositories, versions; Snapshots for the
rollout tracker and Reports for the recorder. Called by the sources, each with the file of its own vendor.
"""
