"""Pictures for the tests of an office's crest."""

from io import BytesIO

from PIL import Image, ImageDraw, PngImagePlugin


def png(width: int = 160, height: int = 200, *, note: str = "") -> bytes:
    """A red shield on a transparent ground, perhaps with a text chunk that is no part of it."""
    picture = Image.new("RGBA", (width, height))
    outline = [(0, 0), (width, 0), (width, height // 2), (width // 2, height), (0, height // 2)]
    ImageDraw.Draw(picture).polygon(outline, fill="#b3261e")
    texts = PngImagePlugin.PngInfo()
    if note:
        texts.add_text("Author", note)
    written = BytesIO()
    picture.save(written, "PNG", pnginfo=texts)
    return written.getvalue()


def jpeg() -> bytes:
    """A picture of another kind."""
    written = BytesIO()
    Image.new("RGB", (160, 200), "red").save(written, "JPEG")
    return written.getvalue()
