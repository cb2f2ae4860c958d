"""PostgreSQL, and the only SQL. Handlers write through `ledger`; everything else through the file of its aggregate."""
