"""An authority for client certificates, made with the openssl program."""

import subprocess
from pathlib import Path


def openssl(*words, folder: Path) -> None:
    done = subprocess.run(["openssl", *map(str, words)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"openssl {words}: {done.stderr}"


class Authority:
    """Files in `folder`: NAME.pem with a certificate and its key, ca.pem, crl.pem."""

    def __init__(self, folder: Path):
        self._folder = folder
        folder.mkdir()
        (folder / "index.txt").touch()
        (folder / "openssl.cnf").write_text("""
[req]
distinguished_name = name
[name]
[ca]
default_ca = here
[here]
database = index.txt
certificate = ca.pem
private_key = ca.key
new_certs_dir = .
rand_serial = yes
default_md = sha256
default_crl_days = 1
policy = any
x509_extensions = client
[any]
commonName = supplied
userId = optional
organizationName = optional
[client]
basicConstraints = CA:FALSE
extendedKeyUsage = clientAuth
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
""")
        openssl("req", "-x509", "-config", "openssl.cnf", "-extensions", "authority", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", 30, "-subj", "/CN=Test Clients", "-keyout", "ca.key",
                "-out", "ca.pem", folder=folder)
        self.publish_crl()

    @property
    def ca(self) -> Path:
        return self._folder / "ca.pem"

    @property
    def crl(self) -> Path:
        return self._folder / "crl.pem"

    def issue(self, name: str, subject: str, expired: bool = False) -> Path:
        """A client's certificate with its key; `subject` like /CN=alice."""
        openssl("req", "-new", "-config", "openssl.cnf", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout",
                f"{name}.key", "-out", f"{name}.csr", folder=self._folder)
        dates = ("20200101000000Z", "20210101000000Z") if expired else ("20200101000000Z", "20990101000000Z")
        openssl("ca", "-batch", "-config", "openssl.cnf", "-in", f"{name}.csr", "-out", f"{name}.crt", "-notext",
                "-startdate", dates[0], "-enddate", dates[1], folder=self._folder)
        pem = self._folder / f"{name}.pem"
        pem.write_text((self._folder / f"{name}.crt").read_text() + (self._folder / f"{name}.key").read_text())
        return pem

    def revoke(self, name: str) -> None:
        openssl("ca", "-config", "openssl.cnf", "-revoke", f"{name}.crt", folder=self._folder)
        self.publish_crl()

    def publish_crl(self) -> None:
        """The file is there whole or not at all."""
        openssl("ca", "-config", "openssl.cnf", "-gencrl", "-out", "crl.new", folder=self._folder)
        (self._folder / "crl.new").rename(self.crl)
