"""The store. SQL that engines share stands in `log`, `tree`, `lists`, `statements`, `pairs`, `search`, `keys` and
`mirrors`, as SQLite takes it, and the tables in `tables`. `database` says what every engine offers, `opening` picks the
one that a URL names.

* `sqlite`   SQLite: connect, the writer's turn, migrate
* `postgresql` PostgreSQL: the same; with `session` (a connection), `dialect` (the SQL in its words),
  `postgresql_tables` and `postgresql_search`
* `faults`   what it means when an engine fails

Nothing outside this package touches a driver.
"""
