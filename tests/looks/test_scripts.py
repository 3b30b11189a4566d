"""The product's scripts: modules that import what they use, linted and tested without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests import scripts
from tests.looks.test_static_files import ROOT, TEMPLATES

# Names that browsers have and deno does not know.
BROWSER = set(
    "Audio AudioContext CSS CSSStyleSheet DOMParser HTMLElement IDBKeyRange MediaStream"
    " MutationObserver Notification Option RTCPeerConnection XMLHttpRequest customElements document"
    " history indexedDB isSecureContext matchMedia print scrollTo scrollX scrollY".split()
)
OURS = [path for path in sorted(ROOT.glob("**/static/**/*.js")) if not {"vendor"} & set(path.parts)]
# Workers that browsers start by themselves, and the element for other sites, whose pages name it.
CLASSIC = {"worker.js", "alerts-worker.js", "terms.js"}
GLOBAL = re.compile(r"^\s*(?:globalThis|window|self)\.\w+ = ", re.MULTILINE)


def lint(*more: str) -> list[str]:
    done = scripts.deno("lint", "--json", *more)
    report = json.loads(done.stdout)
    assert not report["errors"], report["errors"]
    return [
        f"{one['filename']}:{one['range']['start']['line'] + 1} {one['code']}: {one['message']}"
        for one in report["diagnostics"]
    ]


def test_the_linter_finds_nothing(tmp_path: Path) -> None:
    assert lint() == []
    (tmp_path / "wrong.js").write_text("const unused = 1;\n")
    assert (
        len(lint("--config", str(ROOT.parents[1] / "deno.json"), str(tmp_path / "wrong.js"))) == 1
    )


def test_every_name_is_imported_declared_or_the_browser_s() -> None:
    found = lint("--rules-include=no-undef")
    undefined = {re.sub(r".*no-undef: (\S+) .*", r"\1", line): line for line in found}
    assert {"document"} < undefined.keys(), "the rule sees nothing"
    assert [line for name, line in undefined.items() if name not in BROWSER] == []


def test_no_script_leaves_a_name_to_others() -> None:
    assert GLOBAL.search("  globalThis.Shared = {};")
    assert [path.name for path in OURS if GLOBAL.search(path.read_text("utf-8"))] == []


def test_pages_load_modules() -> None:
    tags = {
        tag: path.name
        for path in TEMPLATES
        for tag in re.findall(r"<script\b[^>]*>", path.read_text("utf-8"))
    }
    assert len(tags) > 20
    assert {tag: page for tag, page in tags.items() if 'type="module"' not in tag} == {}
    for path in OURS:
        classic = not re.search(r"^(?:import|export) ", path.read_text("utf-8"), re.MULTILINE)
        assert classic or path.name not in CLASSIC, path


def test_the_unit_tests_of_scripts() -> None:
    done = scripts.deno("test", "--quiet", "--no-remote", str(scripts.FOLDER))
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed, done.stdout
    written = sum(
        path.read_text("utf-8").count("Deno.test(") for path in scripts.FOLDER.glob("*_test.js")
    )
    assert int(passed[1]) == written > 3
