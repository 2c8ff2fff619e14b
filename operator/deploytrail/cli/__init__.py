"""The command line. Commands parse, call one function, and turn its answer into an exit code.

0 done, 1 refused or failed, 2 used or configured wrongly; of ``report``, ``get`` and ``watch`` also 3, nobody answered.
"""

from deploytrail.cli.main import kubectl, main

__all__ = ["kubectl", "main"]
