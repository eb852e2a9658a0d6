-- PostgreSQL's step: here the table is in the order of its key (WITHOUT ROWID), and nothing is to be done.
SELECT 1;
