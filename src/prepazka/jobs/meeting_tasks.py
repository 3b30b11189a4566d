"""The worker's tasks for papers of meetings; not loaded where meetings are switched off."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

from prepazka.jobs import document_jobs
from prepazka.offices.clock import now


@app.task(name="check_document", queue="papers")
def check_document(*, document: str) -> None:
    """Check a document; one that cannot be checked waits for the next round."""
    document_jobs.inspect_document(document=UUID(document), now=now())


@app.task(name="print_minutes", queue="papers")
def print_minutes(*, minutes: int) -> None:
    """Make the PDF of closed minutes; the next round retries a failure."""
    document_jobs.print_minutes(minutes_id=minutes, now=now())
