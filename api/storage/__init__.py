"""The store. SQL that engines share stands in `log`, `lists`, `statements`, `pairs`, `search` and `keys`,
with :named parameters; `sqlite` holds what only SQLite does (connect, the writer's turn, migrate). Nothing
outside this package touches a driver.
"""
