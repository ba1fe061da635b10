"""The small pages that people see behind a share link. No script, and a style that CSP names by its hash."""

import base64
import hashlib
from html import escape

from services.imagestore.link_repository import LinkRow

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0.5rem 0; }
ul { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); list-style: none; padding: 0; }
img { aspect-ratio: 4 / 3; background: color-mix(in srgb, currentColor 8%, transparent); border-radius: 0.5rem; object-fit: contain; width: 100%; }
figure { margin: 0; }
figcaption { display: flex; gap: 0.75rem; justify-content: space-between; overflow-wrap: anywhere; }
p { opacity: 0.8; }
form { display: grid; gap: 0.75rem; max-width: 20rem; }
input, button { border-radius: 0.4rem; font: inherit; padding: 0.5rem 0.75rem; }
"""  # noqa: E501
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body>{body}</body></html>"
    )


def gallery(link: LinkRow) -> str:
    """The images of a link, each with its download."""
    count = len(link.images)
    title = link.title or ("1 image" if count == 1 else f"{count} images")
    base = f"/s/{link.token}"
    items = "".join(
        f'<li><figure><a href="{base}/{image.position}">'
        f'<img src="{base}/{image.position}/rendition?width=480&amp;height=360" alt="{escape(image.name)}" '
        f'loading="lazy"></a><figcaption><span>{escape(image.name)}</span>'
        f'<a href="{base}/{image.position}?download=1" download>Download</a></figcaption></figure></li>'
        for image in link.images
    )
    whole = f' <a href="{base}/images.zip" download>Download all as ZIP</a>' if count > 1 else ""
    until = f"{link.expires_at:%Y-%m-%d %H:%M} UTC"
    return _page(
        title, f"<main><h1>{escape(title)}</h1><p>Open until {until}.{whole}</p><ul>{items}</ul></main>"
    )


def password_form(token: str, problem: str) -> str:
    """Asks for the link's password."""
    said = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    return _page(
        "Password needed",
        f'<main><h1>This link asks for a password</h1>{said}<form method="post" action="/s/{escape(token)}">'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" required autofocus>'
        "<button>Open</button></form></main>",
    )


def gone() -> str:
    """For links that never were, or have ended: the same for all."""
    return _page(
        "Link not found",
        "<main><h1>This link does not exist, or has ended</h1>"
        "<p>Ask whoever sent it for a new one.</p></main>",
    )
