"""A certificate for the headend and the pin by which clients know it."""

import base64
import hashlib
import subprocess
from pathlib import Path

from .lab import OUTSIDE, OUTSIDE6


ECDSA = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA = ("rsa:2048",)  # for suites such as AES256-SHA256, whose key exchange is RSA itself


def make_certificate(folder: Path, key_type: tuple[str, ...] = ECDSA) -> Path:
    """A PEM file with a key and a self-signed certificate for the outside address."""
    pem = folder / "headend.pem"
    key = folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", *key_type, "-nodes",
                    "-days", "30", "-subj", "/CN=headend.lab.example",
                    "-addext", f"subjectAltName=IP:{OUTSIDE},IP:{OUTSIDE6}",
                    "-keyout", key, "-out", pem], check=True, capture_output=True)
    pem.write_text(pem.read_text() + key.read_text())
    key.unlink()
    pem.chmod(0o600)
    return pem


def pin_of(pem: Path) -> str:
    """RFC 7469's pin: the SHA-256 of the public key's SubjectPublicKeyInfo."""
    public = subprocess.run(["openssl", "x509", "-in", pem, "-pubkey", "-noout"], check=True, capture_output=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=public.stdout, check=True,
                         capture_output=True)
    return "pin-sha256:" + base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()
