"""Printing of tickets on ESC/POS printers over TCP, usually on port 9100."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from escpos.constants import QR_ECLEVEL_M
from escpos.exceptions import Error as EscposError
from escpos.printer.network import Network

# The Central European code page of such printers; it has all Czech letters.
CODE_PAGE = "CP852"
PYTHON_CODEC = "cp852"
# Characters per line by the width of the paper in millimetres.
COLUMNS = {58: 32, 80: 48}
TIMEOUT = 2.0
ANSWER_WITHIN = 0.4
# Seconds to wait for a printer that has answered before.
ANSWER_AT_LAST_WITHIN = 2.0
PAPER_SENSOR = b"\x10\x04\x04"  # DLE EOT 4
PAPER_END = 0x60
FIXED_BITS, FIXED_VALUE = 0x93, 0x12  # fixed bits of every answer to DLE EOT

# Replacements of characters that the code page lacks.
_PLAIN = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\u2010": "-",
        "\u2011": "-",
        "\u2212": "-",
        "–": "-",
        "—": "-",
        "…": "...",
        "„": '"',
        "“": '"',
        "”": '"',
        "‚": "'",
        "‘": "'",
        "’": "'",
    }
)


class PrinterFault(Exception):
    """The slip was not printed, or it is unknown; `kind` is the code shown to the staff."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Slip:
    """The content of a printed ticket, in final words."""

    office: str
    number: str
    service: str
    facts: tuple[str, ...]
    link: str
    link_note: str
    foot: str
    second: str = ""  # the service in Czech, where the ticket is in another language
    title: str = ""

    @property
    def address(self) -> str:
        """The link as people type it: without the scheme and the last slash."""
        return self.link.split("://")[-1].rstrip("/")

    @property
    def address_parts(self) -> tuple[str, str]:
        """The host and the path of the address, between which a line may be broken."""
        host, slash, path = self.address.partition("/")
        return host + slash, path


def print_slip(
    slip: Slip,
    *,
    host: str,
    port: int = 9100,
    paper: int = 80,
    timeout: float = TIMEOUT,
    answers: bool = False,
) -> bool:
    """Print a slip on paper 58 or 80 mm wide and cut it; returns whether the printer gives status.

    `answers` says that it has given status before. Raises PrinterFault: printer_unreachable,
    printer_no_paper, printer_broken; printer_silent if a printer that gave status before gives none
    now, so that it is unknown whether the slip was printed.
    """
    with _connected(host, port, timeout) as printer:
        status = _ask_status(printer, PAPER_SENSOR)
        if status is not None and status & PAPER_END:
            raise PrinterFault("printer_no_paper")
        _write(printer, slip, COLUMNS[paper])
        if status is None and answers:
            status = _ask_status(printer, PAPER_SENSOR, ANSWER_AT_LAST_WITHIN)
            if status is None:
                raise PrinterFault("printer_silent")
        return status is not None


@contextlib.contextmanager
def _connected(host: str, port: int, timeout: float) -> Iterator[Network]:
    printer = Network(host, port=port, timeout=timeout)
    try:
        printer.open()
    except (EscposError, OSError) as error:
        raise PrinterFault("printer_unreachable") from error
    try:
        yield printer
    except (EscposError, OSError) as error:
        raise PrinterFault("printer_broken") from error
    finally:
        printer.close()


def printer_state(
    host: str, port: int = 9100, timeout: float = TIMEOUT, *, answers: bool = False
) -> dict[str, bool]:
    """The printer's status; empty if the printer gives none.

    Keys: `online`, `door_open`, `paper_out`, `paper_low`, `error`. `answers` says that it has
    given status before. Raises PrinterFault, printer_silent if it no longer does.
    """
    question = bytes([0x10, 0x04, 1])
    with _connected(host, port, timeout) as printer:
        status_byte = _ask_status(printer, question)
        if status_byte is None and answers:
            status_byte = _ask_status(printer, question, ANSWER_AT_LAST_WITHIN)
            if status_byte is None:
                raise PrinterFault("printer_silent")
        if status_byte is None:
            return {}
        status_bytes = {n: _ask_status(printer, bytes([0x10, 0x04, n])) for n in (2, 3, 4)} | {
            1: status_byte
        }
    status, offline, error, paper = (status_bytes[n] or 0 for n in (1, 2, 3, 4))
    return {
        "online": not status & 0x08,
        "door_open": bool(offline & 0x04),
        "error": bool(error & 0x68),  # cutter, unrecoverable, too hot
        "paper_low": bool(paper & 0x0C),
        "paper_out": bool(paper & PAPER_END or offline & 0x20),
    }


def _ask_status(printer: Network, question: bytes, within: float = ANSWER_WITHIN) -> int | None:
    """One byte of status; None if the printer is silent or the answer is no status."""
    device = printer.device
    previous_timeout = device.gettimeout()
    device.settimeout(within)
    try:
        device.sendall(question)
        reply = device.recv(1)
    except TimeoutError:
        return None
    finally:
        device.settimeout(previous_timeout)
    if not reply:
        raise ConnectionError("the printer hung up")
    return reply[0] if reply[0] & FIXED_BITS == FIXED_VALUE else None


def _write(printer: Network, slip: Slip, columns: int) -> None:
    printer.hw("INIT")
    printer.charcode(CODE_PAGE)
    printer.set(align="center", bold=True, double_height=True, double_width=False)
    _lines(printer, slip.office, columns)
    printer.set(align="center", bold=False, normal_textsize=True)
    _lines(printer, slip.title, columns)
    # A character is 1.5 × 3 mm, so this number is 24 mm high.
    wide = max(1, min(6, columns // max(1, len(slip.number))))
    printer.set(align="center", bold=True, custom_size=True, width=wide, height=8)
    printer.text(f"{to_code_page(slip.number)}\n")
    printer.set(align="center", bold=True, double_height=True, double_width=False)
    _lines(printer, slip.service, columns)
    printer.set(align="center", bold=False, normal_textsize=True)
    _lines(printer, slip.second, columns)
    printer.text("\n")
    for fact in slip.facts:
        _lines(printer, fact, columns)
    printer.text("\n")
    printer.qr(slip.link, ec=QR_ECLEVEL_M, size=6, native=True)
    _lines(printer, slip.link_note, columns)
    fits_line = len(slip.address) <= columns
    for line in [slip.address] if fits_line else slip.address_parts:
        _lines(printer, line, columns)
    printer.set(align="center", bold=True, normal_textsize=True)
    _lines(printer, slip.foot, columns)
    printer.cut()


def _lines(printer: Network, text: str, columns: int) -> None:
    """Print the text in lines broken between words."""
    line = ""
    for word in to_code_page(text).split():
        if line and len(line) + 1 + len(word) > columns:
            printer.text(f"{line}\n")
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        printer.text(f"{line}\n")


def to_code_page(text: str) -> str:
    """The text in characters of the code page; others lose their accents or become `?`."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(_encodable(c) for c in composed.translate(_PLAIN))


def _encodable(character: str) -> str:
    try:
        character.encode(PYTHON_CODEC)
    except UnicodeEncodeError:
        # "½" is decomposed into digits and a slash of its own, which no code page has.
        decomposed = unicodedata.normalize("NFKD", character).replace("\u2044", "/")
        if unicodedata.category(character) == "Cf" or unicodedata.combining(character):
            return ""
        return decomposed.encode("ascii", "ignore").decode() or "?"
    return character
