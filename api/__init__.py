"""onrecord: what people and institutions said, what fact-checkers ruled on it, and whether it contradicts
itself.

`create_app(settings)` makes the WSGI application. Inside, from the outside in:

* `pages`      what people look at: made from the answers of the API
* `routes`     one module a resource: parses a request, calls, answers
* `http`, `auth`, `limits`, `kept`, `problems`, `openapi`, `streaming`, `logs`   what every route needs
* `server`     the application under gunicorn
* `interop`    the formats of the field, made from the record and taken into it
* `nodes`      the primary and a replica of it: which one answers a read; `watch` looks whether the replica can
* `ledger`     the write path; `checkpoints` what was signed of it, and the guard before it
* `received`, `adopting`, `exports`, `mirroring`, `carrying`   entries that come from elsewhere: out of an export, from
  the log's source, or from the database that the record is moved out of
* `documents`, `projection`, `merkle`   what an entry turns into: pure functions
* `storage`    the store: SQL, and the only code that knows a driver
* `embedding`  what a text means, as a vector: only where `onrecord[semantic]` is installed
* `domain`     the rules, in plain Python
* `errors`     refusals in the domain's words; `settings` the one table of settings

Nothing is imported here before `create_app` is called, so that the domain can be used without Flask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from api.settings import Settings

__version__ = "0.1.0"


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Without settings they are read from the environment (SettingsError names what is wrong
    there).

    The database is opened when it is first needed and is never migrated here: workers would race, so
    `onrecord migrate` does it.
    """
    import os
    import threading

    from api import context, limits, logs, openapi, pages, problems, routes, watch
    from api.settings import Settings
    from api.storage import opening
    from api.writers import Writers

    settings = settings or Settings.from_environ(os.environ)
    logs.configure(settings.log_level)
    app = context.Application(__name__, static_folder=None)
    context.register(app)
    database = opening.database(settings.database, settings.heads_path)
    app.extensions["onrecord"] = context.House(
        settings,
        database,
        limits.Limits(settings),
        threading.Semaphore(settings.waiters),
        Writers(database),
        watch.opened(settings.database, settings.replica),
    )
    api = openapi.make(app, __version__)
    for blueprint in routes.blueprints():
        api.register_blueprint(blueprint)
    problems.register(app)
    pages.register(app)
    return app
