"""`python -m bench [name …]`: measure all works, or those whose names are given."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from prepazka.config import embedded

FOLDER = Path("bench-results")


def main(wanted: list[str]) -> None:
    """Measure on a durable PostgreSQL of our own, and print and keep the figures."""
    with embedded.start_temporary_server(durable=True) as url:
        os.environ |= {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "prepazka.config.settings",
            "PREPAZKA_SECRET_KEY": "only for a bench that lasts minutes" * 2,
            "PREPAZKA_RATE_LIMITS": "0",
            "PREPAZKA_HOSTS": "localhost,127.0.0.1",
        }
        import django  # noqa: PLC0415  # needs the database's address

        django.setup()
        from bench import (  # noqa: PLC0415
            delay,
            impact,
            messages,
            pages,
            papers,
            phones,
            reads,
            rooms,
            search,
            studies,
            writes,
        )
        from bench.report import Report  # noqa: PLC0415
        from prepazka.config.serve import prepare_database  # noqa: PLC0415

        prepare_database()
        works = {
            "booking": writes.booking,
            "tickets": writes.tickets,
            "calls": writes.calls,
            "calls-200": lambda report: writes.calls(report, counters=200),
            "slots": reads.open_slots,
            "soonest": reads.soonest,
            "impact": impact.impact,
            "search": search.search,
            "monitor": reads.live_monitor,
            "viewers": reads.live_viewers,
            "viewers-10000": lambda report: reads.live_viewers(report, many=10_000),
            "delay": delay.delay,
            "tickets-pages": phones.ticket_pages,
            "page": pages.first_page,
            "estimate": studies.estimate,
            "simulator": studies.simulator,
            "room": rooms.room,
            "signals": rooms.signals,
            "rooms": rooms.rooms,
            "upload": papers.upload,
            "smtp": messages.smtp,
            "smpp": messages.smpp_,
        }
        report = Report()
        for name, measure in works.items():
            if not wanted or name in wanted:
                measure(report)
        print(f"\nKept in {report.write(FOLDER)}")


if __name__ == "__main__":
    main(sys.argv[1:])
