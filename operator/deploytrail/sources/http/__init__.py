"""Reports over HTTP. In: requests of CI systems, in the words of the API they were written for. Out: reports.

dialect  what an API is: its routes, its key, and three functions; hivel is one, each further API is a file beside it
lane     the way of every ingest request: route, key, limits, parse, record, answer
body     what a body may be, whatever the API
"""
