"""Certificates for tests: an authority of their own, and somebody whom it vouches for.

Unlike those of `gateway.legacy.certificates` they are for servers and clients at once, as Dask wants them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """PEM files: an authority's certificate, and a certificate of 127.0.0.1 by it with its key."""

    ca: Path
    cert: Path
    key: Path


def make_identity(folder: Path) -> Identity:
    """A new authority, whom nobody else trusts, and its one child."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, name = _name("authority"), _name("127.0.0.1")
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    ca = _unsigned(ca_name, ca_name, ca_key).add_extension(constraints, critical=True)
    place = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    child = _unsigned(ca_name, name, key).add_extension(place, critical=False)
    identity = Identity(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    for path, builder in ((identity.ca, ca), (identity.cert, child)):
        path.write_bytes(builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    kind = serialization.PrivateFormat.PKCS8
    identity.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
    )
    return identity


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _unsigned(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )
