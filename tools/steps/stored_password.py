"""A password as an ASA writes it into its configuration."""

import base64
import hashlib
import os


def stored(password: str) -> str:
    """With few iterations: for whoever has thousands log in, and does not measure the hash."""
    salt = os.urandom(16)
    hashed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 1000, 16)
    return "$sha512$1000$" + "$".join(base64.b64encode(part).decode() for part in (salt, hashed)) + " pbkdf2"
