"""A page that lies ready is made anew when what it is put together from has changed."""

import hashlib
from pathlib import Path

from stages import page

ASSETS = ("page.html", "page.css", "bundle/page.js")
VERSION_AND_DIGEST = (2, "65973dad25dc169b499de9e5de41061cb2810d31806f06034b567789da022a53")


def test_the_version_is_raised_with_every_change_of_template_style_or_script() -> None:
    """Write both anew here after raising VERSION: the store compares versions, not these files."""
    folder = Path(page.__file__).parent
    content = b"".join((folder / name).read_bytes() for name in ASSETS)
    assert (page.VERSION, hashlib.sha256(content).hexdigest()) == VERSION_AND_DIGEST
