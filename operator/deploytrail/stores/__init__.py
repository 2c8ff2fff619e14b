"""Where records are kept. In: a Report, judged with record.lifecycle. Out: an outcome, after the record is durable.

Called by the recorder (in), serve (reads) and the sources (open records after a restart). Every backend passes
the same contract suite.
"""
