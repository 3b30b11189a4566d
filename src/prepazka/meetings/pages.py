"""Pictures and words of a document's pages, made by a program of its own.

`python -m prepazka.meetings.pages KIND FILE FOLDER` limits its own time and memory before it
opens what a stranger has sent. A browser never gets the stranger's file to show, only these.
It ends with 0 and prints the number of pages, or prints why it refuses and ends with 3.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import Any

MOST_PAGES = 200
SECONDS = 60  # of computing
MEMORY = 1 << 30
LARGEST = 64 << 20  # bytes of one written file
WIDEST = 1600  # points of the screen; sharp on a telephone, readable when twice as large
TALLEST = 2400
MOST_PIXELS = 50_000_000
LONGEST_TEXT = 20_000
REFUSED = 3


# Names of PDF that start something, hold a file, or send what was filled in.
ACTIVE = re.compile(
    rb"/(JavaScript|JS|Launch|EmbeddedFiles?|FileAttachment|RichMedia|Movie|Sound|Rendition|XFA"
    rb"|SubmitForm|ImportData|GoToR|GoToE|AA)(?![A-Za-z0-9])"
)
STREAMS = re.compile(rb"stream\r?\n.*?endstream", re.DOTALL)


class Refusal(Exception):
    """Why there will be no pages."""


def limit() -> None:
    """Bind this process; where there is no such thing (Windows), the caller's clock remains."""
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415  # not everywhere

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def of_pdf(file: Path, folder: Path) -> int:
    """Draw each page; of a PDF with scripts, actions or files inside only the pages are passed on."""
    import pypdfium2  # noqa: PLC0415  # after the limits
    from pypdfium2 import raw  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        locked = raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD or "assword" in str(error)
        raise Refusal("encrypted" if locked else "broken") from error
    active = is_active(plain_copy(document))
    count = len(document)
    if count > MOST_PAGES:
        raise Refusal("too_many_pages")
    if count == 0:
        raise Refusal("broken")
    for number in range(1, count + 1):
        page = document[number - 1]
        width, height = page.get_size()
        scale = min(WIDEST / max(width, 1), TALLEST / max(height, 1), 6)
        image = page.render(scale=scale).to_pil().convert("RGB")
        image.save(folder / f"{number}.webp", quality=85, method=2)
        words = page.get_textpage().get_text_bounded()[:LONGEST_TEXT]
        (folder / f"{number}.txt").write_text(words.replace("\x00", ""), encoding="utf-8")
        page.close()
    if active:
        _drawn_only(folder, count)
    return count


def plain_copy(document: Any) -> bytes:
    """The document written anew, without its encryption and with no object packed in another."""
    from pypdfium2 import raw  # noqa: PLC0415  # after the limits

    copy = io.BytesIO()
    document.save(copy, flags=raw.FPDF_REMOVE_SECURITY)
    return copy.getvalue()


def is_active(plain: bytes) -> bool:
    """Whether the copy has scripts, files inside, or actions that lead out of it or start something."""
    names = STREAMS.sub(b"", plain)
    names = re.sub(rb"#([0-9a-fA-F]{2})", lambda code: bytes([int(code[1], 16)]), names)
    return bool(ACTIVE.search(names))


def _drawn_only(folder: Path, count: int) -> None:
    """Pass on the drawn pages in the place of the file."""
    from PIL import Image  # noqa: PLC0415  # after the limits

    first, *rest = (folder / f"{number}.webp" for number in range(1, count + 1))
    with Image.open(first) as image:
        more = map(Image.open, rest)
        image.save(folder / "file", "PDF", save_all=True, append_images=more, resolution=144)


def of_image(file: Path, folder: Path) -> int:
    """Write the picture anew, upright and without what a camera notes, such as the place."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415  # after the limits

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(file, formats=("JPEG", "PNG", "WEBP")) as said:
            if said.width * said.height > MOST_PIXELS:
                raise Refusal("bomb")
            kind = said.format
            upright = ImageOps.exif_transpose(said)
            clear = "A" in upright.getbands() or "transparency" in upright.info
            image = upright.convert("RGBA" if clear and kind != "JPEG" else "RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise Refusal("broken") from error
    except Image.DecompressionBombError as error:
        raise Refusal("bomb") from error
    image.info = {}
    image.save(folder / "file", format=kind, **({} if kind == "PNG" else {"quality": 90}))
    image.thumbnail((WIDEST, TALLEST))
    image.convert("RGB").save(folder / "1.webp", quality=85, method=2)
    return 1


def main(kind: str, file: Path, folder: Path) -> int:
    """Make the pages and say how many there are."""
    limit()
    try:
        print({"pdf": of_pdf, "image": of_image}[kind](file, folder))  # noqa: T201  # the answer
    except Refusal as refusal:
        print(refusal)  # noqa: T201
        return REFUSED
    except MemoryError:
        print("bomb")  # noqa: T201
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
