"""Vectors for the claims that have none yet."""

from __future__ import annotations

import click

from api import vectorizing
from api.cli.common import Progress, opened, settings
from api.embedding.embedder import Embedder
from api.embedding.model import Unavailable
from api.storage import log


@click.command(short_help="Make vectors for matching by meaning.")
@click.option("--threads", metavar="N", type=click.IntRange(1, 64), help="At how many at once. [default: the CPUs]")
def embed(threads: int | None) -> None:
    """Make the vectors that matching by meaning needs, for every claim that has none of the model in use.

    What is written stays: when it is interrupted, run it again. A server may run meanwhile, and uses at once what is
    there.
    """
    chosen = settings()
    embedder = Embedder(chosen.model, chosen.model_name)
    if embedder.name is None:
        raise _failure(embedder)
    with opened() as database, Progress("embedding", log.head(database.reader()).size) as progress:
        try:
            done = vectorizing.embed(
                database, embedder, threads, lambda after, done: progress.at(after, f"{done.made:,} made")
            )
        except Unavailable:
            raise _failure(embedder) from None
    click.echo(f"Made {done.made:,} vectors with {embedder.name}; {done.there:,} were there.")
    if done.gone:
        click.echo(f"Let {done.gone:,} go, of claims that were withdrawn or erased.")
    if done.changed:
        click.echo(f"{done.changed:,} claims changed meanwhile: run this again for them.")


def _failure(embedder: Embedder) -> click.ClickException:
    if embedder.reason is None:
        return click.ClickException("ONRECORD_MODEL is off: no model makes vectors.")
    return click.ClickException(f"{embedder.reason} {embedder.detail}")
