"""Loads templates of pages, which escape every value, and allow nothing from a network.

A template extends `base.html`, which has the head: its policy permits the page's own style and
script, by their digests, and pictures inside the page.
"""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template


def load_template(package: str, name: str, *, style: str, script: str = "") -> Template:
    """Return a template of a package, which knows its style and its script.

    `style` follows the colors that all pages share.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader(__package__, ".")]),
        autoescape=True,
        undefined=StrictUndefined,  # a name that is missing is an error
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style = read_part(__package__, "colors.css") + style
    scripts = f"script-src {_source(script)}; " if script else ""
    policy = (
        f"default-src 'none'; img-src data:; style-src {_source(style)}; {scripts}"
        "base-uri 'none'; form-action 'none'"
    )
    environment.globals |= {"policy": policy, "style": style, "script": script}
    return environment.get_template(name)


def read_part(package: str, name: str) -> str:
    """Return the text of a file of a package, such as a style."""
    return (files(package) / name).read_text(encoding="utf-8")


def picture_url(webp: bytes) -> str:
    """Return the URL that holds a picture."""
    return f"data:image/webp;base64,{b64encode(webp).decode()}"


def _source(content: str) -> str:
    """Return the source expression that allows an inline script or style with this content."""
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
