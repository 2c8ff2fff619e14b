"""From one store to another: everything it holds as JSON lines, and such lines into a store.

In: a store, or a file. Out: a file, or a store. Called by ``deploytrail store``. Both may be written to meanwhile.

    lines      what a line says, and how it is read
    exporting  a store's content, line by line, from where an earlier attempt ended
    importing  lines into a store, in batches, again and again without harm
    progress   how far it is, for whoever waits
"""
