"""What every style sheet and template must keep to, looked up in the files themselves."""

import gzip
import re
from pathlib import Path

import pytest

import prepazka

ROOT = Path(prepazka.__file__).parent
LOOKS = ROOT / "looks/static/looks"
GOV = LOOKS / "vendor/gov"
OURS = sorted(path for path in ROOT.glob("**/static/**/*.css") if "vendor" not in path.parts)
TEMPLATES = sorted(ROOT.glob("**/templates/**/*.html"))

NAMED = "white|black|red|green|blue|yellow|orange|gr[ae]y|navy|teal|purple|silver|maroon|olive|lime|aqua|fuchsia"
LITERAL_COLOUR = re.compile(
    rf"#[0-9a-f]{{3,8}}\b|\b(?:rgba?|hsla?|oklch|lab)\(|:[^;{{}}]*(?<![\w-])(?:{NAMED})(?![\w-])",
    re.IGNORECASE,
)
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle\s*=|\son[a-z]+\s*=|javascript:", re.IGNORECASE
)
TOKEN = re.compile(r"var\((--[\w-]+)\)")
DEFINED = re.compile(r"(--[\w-]+)\s*:")


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_rules_catch_what_they_should() -> None:
    assert LITERAL_COLOUR.search("a { color: #fff }")
    assert LITERAL_COLOUR.search("a { border: 1px solid white }")
    assert not LITERAL_COLOUR.search("a { white-space: nowrap; color: var(--text-white) }")
    for wrong in ("<script>1</script>", '<p style="a">', '<a onclick="x">', "<style>"):
        assert INLINE.search(wrong)
    assert not INLINE.search('<script src="x.js" defer></script>')


@pytest.mark.parametrize("path", OURS, ids=ids)
def test_only_tokens_no_literal_colours(path: Path) -> None:
    css = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert LITERAL_COLOUR.findall(css) == []


@pytest.mark.parametrize("path", OURS, ids=ids)
def test_every_token_used_exists(path: Path) -> None:
    css = path.read_text("utf-8")
    sources = [
        css,
        (GOV / "gov.css").read_text("utf-8"),
        (LOOKS / "prepazka.css").read_text("utf-8"),
    ]
    known = {name for source in sources for name in DEFINED.findall(source)}
    assert set(TOKEN.findall(css)) - known == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=ids)
def test_no_inline_script_or_style(path: Path) -> None:
    found = INLINE.findall(path.read_text("utf-8"))
    if "messaging" in path.parts:  # mails: their programs know styles only inside the document
        found = [one for one in found if "style" not in one]
    assert found == []


def test_what_a_citizens_page_loads_stays_small() -> None:
    styles = [GOV / "gov.css", LOOKS / "prepazka.css"]
    fonts = [
        GOV / f"roboto-{name}.woff2" for name in ("regular", "regular-ext", "bold", "bold-ext")
    ]
    weight = sum(len(gzip.compress(path.read_bytes())) for path in styles) + sum(
        path.stat().st_size for path in fonts
    )
    assert weight < 70_000


def test_every_vendored_file_is_listed() -> None:
    vendor = LOOKS / "vendor"
    listed = set(
        re.findall(r"^- `(.+)`$", (vendor / "VENDORED.md").read_text("utf-8"), re.MULTILINE)
    )
    assert listed == {
        str(path.relative_to(vendor))
        for path in vendor.rglob("*")
        if path.is_file() and path.suffix != ".gz"  # compressed when the web starts
    } - {"VENDORED.md"}


def test_no_byte_order_mark_spoils_a_selector() -> None:
    assert "\ufeff" not in (GOV / "gov.css").read_text("utf-8")
