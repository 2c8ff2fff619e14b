"""What is wrong with an installation, and what to do about it. Looks, and changes nothing.

In: settings, and those of an installed Deployment. Out: findings, a line each. Called by ``deploytrail doctor``.

finding       one line: what was looked at, how it is, what to do
rights        what a ServiceAccount must be allowed, as rules to add (pure)
judging       facts in, findings out (pure)
patient       what is examined: the settings in force, the cluster, whose rights count
looking       facts of a cluster, asked of its API server
checks        the table of checks: each looks and has judged
examination   all of them at once, none for longer than it may take
"""
