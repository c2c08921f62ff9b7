"""Makes containers in Azurite, for which obstore has no request."""

import base64
import hashlib
import hmac
from email.utils import formatdate

from support.object_servers import request

VERSION = "2021-08-06"  # of the interface


def make_container(url: str, account: str, key: str, name: str) -> None:
    """Make a container of the server at `url`; the request is signed with the account's key."""
    date = formatdate(usegmt=True)
    headers = f"x-ms-date:{date}\nx-ms-version:{VERSION}\n"
    resource = f"/{account}/{account}/{name}\nrestype:container"
    message = "PUT" + "\n" * 12 + headers + resource
    digest = hmac.digest(base64.b64decode(key), message.encode(), hashlib.sha256)
    request(
        "PUT",
        f"{url}/{account}/{name}?restype=container",
        **{
            "x-ms-date": date,
            "x-ms-version": VERSION,
            "Authorization": f"SharedKey {account}:{base64.b64encode(digest).decode()}",
        },
    )
