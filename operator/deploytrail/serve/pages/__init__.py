"""What a person looks at: HTML that is rendered here and needs no other host.

In: requests of browsers. Out: pages with their files, and a stream that says when to look again.

routes       the pages; overview, timeline, dossier and figures say what is on them
visitors     who may look, by session, proxy or anonymously; sign_in is the way in and out, sessions its cookie
live         tells open pages that something was recorded, whichever replica recorded it
page_route   what holds for every answer: its headers, and errors that people can read
rendering    templates/ with words; assets are static/ (ours) and vendor/ (libraries, see hatch_build.py)
"""
