"""Authorities and certificates for tests, made with the openssl command."""
import subprocess
from pathlib import Path


def _openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdin=subprocess.DEVNULL, capture_output=True)


class Authority:
    """An authority of its own, in a folder of its own."""

    def __init__(self, folder, name):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
            "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.certificate,
        )

    def issue(self, name, addresses=(), folder=None):
        """A certificate for `addresses`, which replaces one of the same name; returns its file and its key's."""
        folder = Path(folder or self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        names = ",".join(f"IP:{a}" for a in addresses) or "DNS:client"
        extensions.write_text(f"subjectAltName={names}\n")
        _openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{key}.new", "-out", request,
        )
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial", "-days", 2,
            "-extfile", extensions, "-out", f"{certificate}.new",
        )
        # Each appears whole; a node that looks between the two keeps what it has.
        Path(f"{key}.new").rename(key)
        Path(f"{certificate}.new").rename(certificate)
        return certificate, key


def serial(pem):
    """The serial number of a certificate in PEM."""
    done = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=pem, capture_output=True, text=True, check=True)
    return done.stdout.strip().removeprefix("serial=")
