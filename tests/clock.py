"""The one place where tests read the clock; tests/architecture forbids it elsewhere.

A test that starts processes, or lets the program read its clock, runs at an unknown moment, and
`make test-days` runs it at chosen ones. Days that it uses are therefore computed from `real_now`.
"""

from __future__ import annotations

import json
import time
from datetime import datetime


def real_now() -> datetime:
    """The instant that the program's clock shows, in UTC, whatever a demo plays."""
    from prepazka.offices import clock  # noqa: PLC0415  # tests.days runs without Django

    return clock.real_now()


def machine_time() -> float:
    """Seconds since 1970 on the machine's clock, which libraries read (TOTP, JWT, signatures)."""
    return time.time()


def moved_date(seconds: int) -> str:
    """A script that moves `Date` in a page by so many seconds; its timers stay the browser's own."""
    return f"""
{{
  const machine = Date.now;
  let now = () => machine() + {1000 * seconds};
  globalThis.Date = new Proxy(Date, {{
    construct: (real, given, as) => Reflect.construct(real, given.length ? given : [now()], as),
    apply: (real) => new real(now()).toString(),
    get: (real, name) => (name === "now" ? now : Reflect.get(real, name)),
    set: (real, name, value) => // a test may let the time leap
      name === "now" ? ((now = value), true) : Reflect.set(real, name, value),
  }});
}}
"""


def moved_workers(seconds: int) -> str:
    """A script that moves `Date` in the page's workers too, where no initial script runs.

    Each begins as a small script of the page that moves the clock and then loads the worker's own
    file; the page's policy for scripts has to be off.
    """
    moved = json.dumps(moved_date(seconds))
    return f"""
{{
  const addressOf = (script) => URL.createObjectURL(new Blob([script], {{ type: "text/javascript" }}));
  globalThis.Worker = new Proxy(Worker, {{
    construct: (real, [file, options], as) => {{
      const whole = JSON.stringify(new URL(file, location.href).href);
      const near = `const near = (to) => typeof to === "string" ? new URL(to, ${{whole}}).href : to;
        const ask = fetch;
        globalThis.fetch = (to, ...options) => ask(near(to), ...options);`;
      const script = options?.type === "module"
        ? `import ${{JSON.stringify(addressOf({moved} + near))}}; import ${{whole}};`
        : `${{{moved}}}${{near}}
          const load = importScripts;
          globalThis.importScripts = (...files) => load(...files.map(near));
          importScripts(${{whole}});`;
      return Reflect.construct(real, [addressOf(script), options], as);
    }},
  }});
}}
"""
