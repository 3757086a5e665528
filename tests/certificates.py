"""Self-signed certificates for servers of the tests on this machine."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

LOOPBACK = x509.IPAddress(ip_address("127.0.0.1"))


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate and its key, and both in files as PEM."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    certificate_file: Path
    key_file: Path

    @property
    def pem(self) -> str:
        return self.certificate_file.read_text()


def self_signed(
    folder: Path,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
    *,
    names: Sequence[x509.GeneralName] = (LOOPBACK,),
    days: int = 1,
) -> Certified:
    """An authority of its own, for servers of these names, until `days` from now: less than none has expired."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certified(key, certificate, folder / "tls.crt", folder / "tls.key")
    made.certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form, no_password = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    made.key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, no_password))
    return made


def certificate(folder: Path, names: Sequence[x509.GeneralName], days: int = 1) -> tuple[str, ssl.SSLContext]:
    """A certificate as PEM text, and a server's context with it. `server.pem` in `folder` holds its key, too."""
    made = self_signed(folder, names=names, days=days)
    both = folder / "server.pem"
    both.write_bytes(made.key_file.read_bytes() + made.certificate_file.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return made.pem, context
