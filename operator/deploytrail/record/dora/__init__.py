"""DORA: how well changes are delivered, judged from the deployments of each place and nothing else. Pure.

A place is one product in one environment. In: its deployments, the builds of their versions, what people marked.
Out: a judgement of each deployment, counts of judgements by day, and figures out of counts. docs/dora.md tells the
definitions to people.

entry          what judging needs of one deployment, and why it is not counted
judging        what the deployments of one place make of each other
neighbourhood  which of them one change can touch
counting       judgements as counts that can be added, and taken away again
histogram      times as counts
question       what may be asked, and which days answer it
figures        the five metrics out of counts
bands          what DORA's reports call elite, high, medium and low
ledger         the counts of a store that keeps its records in memory
"""
