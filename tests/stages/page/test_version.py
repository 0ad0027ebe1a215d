"""A page that lies ready is made anew when what it is put together from has changed."""

import hashlib
from pathlib import Path

from stages import page

ASSETS = ("page.html", "page.css", "bundle/page.js")
VERSION_AND_DIGEST = (5, "b1f1c16441f2377bc27fe8025a4f5004120f220ae751bdd1248d4a9d159a0220")


def test_the_version_is_raised_with_every_change_of_template_style_or_script() -> None:
    """Write both anew here after raising VERSION: the store compares versions, not these files."""
    folder = Path(page.__file__).parent
    content = b"".join((folder / name).read_bytes() for name in ASSETS)
    assert (page.VERSION, hashlib.sha256(content).hexdigest()) == VERSION_AND_DIGEST
