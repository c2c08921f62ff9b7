"""Alternative texts as web pages have them: mostly good, some poor, some to be filtered.

All persons, numbers and addresses are made up: example.com is reserved by RFC 2606, the telephone
numbers 555-0100 to 555-0199 for fiction.
"""

from random import Random

from demo.scenes.kinds import Kind

_FAIR = (
    "{caption}",
    "{caption} on a plain background",
    "{caption} - free vector illustration",
    "Picture of {caption} | Example Shapes",
    "How to draw {caption}, step by step",
    "Our new poster shows {caption}. Order your own today!",
    "{caption}, photographed in Springfield in 2019",
    "Worksheet for children: find {caption}",
)
_POOR = (
    "image",
    "{file}",
    "shapes shapes cheap shapes buy shapes shapes",
    "sale sale sale sale sale sale sale sale",
    "1 / 24",
)
_PERSONAL = (
    "{caption}. Ask {name}, {mail}",
    "{caption} for sale, call {name} at {telephone}",
    "{caption}, drawn by {name} ({mail}, {telephone})",
)
_INSULTING = (
    "{caption}, drawn by a stupid idiot",
    "only a dumb loser would look at {caption}",
    "{caption}. Whoever made this is a pathetic moron!",
)
_NAMES = ("Ann Example", "Leo Sample", "Mia Madeup", "Tom Placeholder")


def write(random: Random, caption: str, kind: Kind, *, poor: bool) -> str:
    """Write an alternative text for a scene with this caption."""
    special = {Kind.PERSONAL_TEXT: _PERSONAL, Kind.INSULT: _INSULTING}
    template = random.choice(special.get(kind, _POOR if poor else _FAIR))
    name = random.choice(_NAMES)
    text = template.format(
        caption=caption,
        file=f"IMG_{random.randrange(1000, 10_000)}.JPG",
        name=name,
        mail=f"{name.split()[0].lower()}@example.com",
        telephone=_telephone(random),
    )
    return text[0].upper() + text[1:] if random.random() < 0.6 else text


def key_with_phone_number(random: Random, index: int) -> str:
    """A key that contains a made-up telephone number."""
    return f"{index:08}-tel-{_telephone(random)}"


def _telephone(random: Random) -> str:
    return f"+1-202-555-01{random.randrange(100):02}"
