"""The command line `onrecord`: one module for each group of commands, and here what they have in common when they fail.

* `setting_up`   init, migrate, token
* `signing`      key, heads
* `serving`      serve, demo
* `delivering`   deliver
* `moving`       import (with `files`, what an import reads, and `pipeline`, how it is prepared)
* `keeping`      export, backup, restore (with `paths`, the files that are made, and `publishing`, other formats)
* `carrying`     move
* `mirroring`    mirror, compare (with `following`, who reads another record)
* `checking`     rebuild, doctor
* `verifying`    verify (with `served`, what comes from elsewhere)
* `erasing`      erase
* `embedding`    embed
* `common`       settings, database, progress
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from api import __version__

# Each module and the commands that it has. A module is loaded when one of its commands is asked for: all of them took
# half a second of every command, and of the process that an import starts.
MODULES = {
    "carrying": ("move",),
    "checking": ("rebuild", "doctor"),
    "delivering": ("deliver",),
    "embedding": ("embed",),
    "erasing": ("erase",),
    "keeping": ("export", "backup", "restore"),
    "mirroring": ("mirror", "compare"),
    "moving": ("import",),
    "serving": ("serve", "demo"),
    "setting_up": ("init", "migrate", "token"),
    "signing": ("key", "heads"),
    "verifying": ("verify",),
}
COMMANDS = {command: module for module, commands in MODULES.items() for command in commands}
INTERRUPTED = 130


class Commands(click.Group):
    """A group whose every failure is one line on stderr and a status that is not 0."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"api.cli.{COMMANDS[cmd_name]}")
        # `import` is a word of Python's own.
        found: click.Command = getattr(module, cmd_name, None) or getattr(module, f"{cmd_name}_")
        return found

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *rest: Any, **others: Any) -> Any:
        """Run a command and end the process: 0, 1 for a failure, 2 for words that are no command, 130 for Ctrl-C."""
        # Only here: the process that an import starts loads this package, too, and runs no command.
        from api.errors import Refusal
        from api.settings import SettingsError
        from api.storage.faults import EngineError

        others["standalone_mode"] = False
        try:
            status = super().main(args, prog_name or "onrecord", *rest, **others)
        except NoArgsIsHelpError as error:
            error.show()
            status = error.exit_code
        except click.ClickException as error:
            status = _failed(error.format_message(), error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            status = _failed("Interrupted.", INTERRUPTED)
        except Refusal as refusal:
            status = _failed(refusal.detail)
        except SettingsError as error:
            status = _failed(f"{error}.")
        except EngineError as error:
            status = _failed(f"The database failed: {error}. Run 'onrecord doctor'.")
        except OSError as error:
            place = f" ({error.filename})" if error.filename else ""
            status = _failed(f"{error.strerror or error}{place}.")
        sys.exit(status if isinstance(status, int) else 0)


def _failed(detail: str, status: int = 1) -> int:
    click.echo(f"Error: {' '.join(detail.split())}", err=True)
    return status


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="onrecord")
def main() -> None:
    """A record of what was said, what was ruled, and who contradicted themselves.

    Settings come from the environment: DATABASE_URL says where the record is (sqlite:///onrecord.db unless set).
    """
