"""``deploytrail report``: telling a Deploytrail somewhere else what a CI job does.

In: what the flags say and the variables of the process, as values. Out: one POST per state, retried until it is
answered. Called by cli, and by nothing else.

systems   which variables each CI system sets (data)
facts     flags, then DEPLOYTRAIL_... variables, then the system's: what is known of the job (pure)
statuses  the words of CI systems for the five states (pure)
body      the request's body (pure)
sending   how often
wrapped   a command that is reported from start to end, and the signals it gets
"""
