"""Records in SQLite or PostgreSQL: one text for both, on SQLAlchemy Core.

In: reports, many at a time. Out: what became of each, once the transaction they share is committed.

    store      the port: who asks what
    grouping   requests that arrive while a commit is under way share the next one
    ingest     the one transaction of a batch: read, judge, write
    judging    what the reports of a batch make of the rows that were read
    questions  what is asked of the rows; outbox what is to be delivered of them
    restoring  what another store kept, taken in as it is
    expiry     what need not be kept any longer
    door       whether the database is there, since when not, and the way back
    sqlite · postgresql   connections to each; troubles   what their errors mean
    tables · schema · migrations   the rows, and how a database gets them
"""
