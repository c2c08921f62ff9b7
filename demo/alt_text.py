"""What a web page might say of a scene: mostly fair, sometimes poor."""

from random import Random

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


def write(random: Random, caption: str, poor: bool) -> str:
    """An alternative text for a scene of which `caption` is true."""
    template = random.choice(_POOR if poor else _FAIR)
    told = template.format(caption=caption, file=f"IMG_{random.randrange(1000, 10_000)}.JPG")
    return told[0].upper() + told[1:] if random.random() < 0.6 else told
