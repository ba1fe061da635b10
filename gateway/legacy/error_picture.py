"""A small JPEG that shows why there is no picture: the processing protocol has no other error reply."""

import io
import textwrap

SIZE = (640, 360)
MARGIN = 24
LINE_CHARACTERS = 52
LINES = 11
FONT_PIXELS = 20


def error_picture(message: str) -> bytes:
    """The message as dark red text on white, 640 x 360 pixels."""
    from PIL import Image, ImageDraw, ImageFont  # for the first of them: few clients ever see one

    picture = Image.new("RGB", SIZE, "white")
    text = "\n".join(textwrap.wrap(message, LINE_CHARACTERS)[:LINES])
    font = ImageFont.load_default(FONT_PIXELS)
    ImageDraw.Draw(picture).multiline_text((MARGIN, MARGIN), text, fill=(140, 0, 0), font=font, spacing=6)
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=85)
    return output.getvalue()
