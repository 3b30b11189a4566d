"""Rendering of a document's pages to pictures and text, in a process of its own.

`python -m prepazka.meetings.page_rendering KIND FILE FOLDER` limits its time and memory before it opens an
uploaded file. Browsers show only these pages, never the uploaded file. It exits with 0 and prints
the number of pages, or exits with 3 and prints the reason for refusing.
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
LARGEST = 64 << 20  # bytes of one output file
WIDEST = 1600  # pixels; sharp on a telephone, readable when enlarged twice
TALLEST = 2400
MOST_PIXELS = 50_000_000
LONGEST_TEXT = 20_000
REFUSED = 3


# Names in a PDF that start an action, hold a file, or submit a form.
ACTIVE = re.compile(
    rb"/(JavaScript|JS|Launch|EmbeddedFiles?|FileAttachment|RichMedia|Movie|Sound|Rendition|XFA"
    rb"|SubmitForm|ImportData|GoToR|GoToE|AA)(?![A-Za-z0-9])"
)
STREAMS = re.compile(rb"stream\r?\n.*?endstream", re.DOTALL)


class Refusal(Exception):
    """The document cannot be rendered; the message is the code of the reason."""


def limit_process() -> None:
    """Limit time, memory and file size of this process; no effect on Windows.

    There the caller's timeout remains.
    """
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415  # not everywhere

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def render_pdf(file: Path, folder: Path) -> int:
    """Render each page of a PDF; returns how many.

    A PDF with scripts, actions or embedded files is replaced by its rendered pages. Raises Refusal.
    """
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
        _replace_by_pages(folder, count)
    return count


def plain_copy(document: Any) -> bytes:
    """The document saved again without encryption and compressed objects."""
    from pypdfium2 import raw  # noqa: PLC0415  # after the limits

    copy = io.BytesIO()
    document.save(copy, flags=raw.FPDF_REMOVE_SECURITY)
    return copy.getvalue()


def is_active(plain: bytes) -> bool:
    """Whether the copy has scripts, embedded files, or actions that reach outside the document."""
    names = STREAMS.sub(b"", plain)
    names = re.sub(rb"#([0-9a-fA-F]{2})", lambda code: bytes([int(code[1], 16)]), names)
    return bool(ACTIVE.search(names))


def _replace_by_pages(folder: Path, count: int) -> None:
    """Replace the file by a PDF of its rendered pages."""
    from PIL import Image  # noqa: PLC0415  # after the limits

    first_page, *other_pages = (folder / f"{number}.webp" for number in range(1, count + 1))
    with Image.open(first_page) as image:
        images = map(Image.open, other_pages)
        image.save(folder / "file", "PDF", save_all=True, append_images=images, resolution=144)


def render_image(file: Path, folder: Path) -> int:
    """Save the picture again, upright and without metadata such as the location; returns 1.

    Raises Refusal.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415  # after the limits

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(file, formats=("JPEG", "PNG", "WEBP")) as original:
            if original.width * original.height > MOST_PIXELS:
                raise Refusal("bomb")
            kind = original.format
            upright = ImageOps.exif_transpose(original)
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
    """Render the pages and print their number or the reason for refusing; returns the exit code."""
    limit_process()
    try:
        print({"pdf": render_pdf, "image": render_image}[kind](file, folder))  # noqa: T201  # the answer
    except Refusal as refusal:
        print(refusal)  # noqa: T201
        return REFUSED
    except MemoryError:
        print("bomb")  # noqa: T201
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
