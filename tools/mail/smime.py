"""S/MIME (RFC 8551): detached signatures with SHA-256, and encryption with AES-256-CBC to RSA certificates.

The rule is all or nothing.  When ``[mail] sign_cert`` is set every mail is signed; when ``recipient_certs`` is
set every mail is encrypted, and a recipient without a certificate there gets no mail at all.  What is configured
but missing, expired or made for somebody else is an error, never a silently unprotected mail.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import pkcs7

from clawdbot.config import MailConfig
from clawdbot.errors import TerminalToolError

_CRLF = b"\r\n"


def protect(entity: bytes, settings: MailConfig, *, sender: str, recipients: Sequence[str], now: datetime) -> bytes:
    """Sign, then encrypt a MIME entity (headers and body, CRLF line ends) as far as configured.

    TerminalToolError says which certificate is missing, expired or does not fit, and what to do.
    """
    if settings.sign_cert is not None or settings.sign_key is not None:
        entity = _sign(entity, settings, sender=sender, now=now)
    if settings.recipient_certs is not None:
        certificates = [_recipient_certificate(settings.recipient_certs, a, now=now) for a in recipients]
        entity = _encrypt(entity, certificates)
    return entity


def _sign(entity: bytes, settings: MailConfig, *, sender: str, now: datetime) -> bytes:
    if settings.sign_cert is None or settings.sign_key is None:
        raise TerminalToolError("Only one of sign_cert and sign_key is set.", hint="Set both in [mail], or neither.")
    certificate, *chain = _certificates(settings.sign_cert, setting="sign_cert")
    _check(certificate, settings.sign_cert, address=sender, now=now)
    key = _private_key(settings)
    if key.public_key() != certificate.public_key():
        raise TerminalToolError(
            "sign_key does not belong to sign_cert.", hint="Set the private key that the certificate was made for."
        )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(entity).add_signer(certificate, key, hashes.SHA256())
    for issuer in chain:
        builder = builder.add_certificate(issuer)
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    signature = builder.sign(serialization.Encoding.DER, options)
    boundary = b"signed-" + hashlib.sha256(entity).hexdigest()[:40].encode()
    head = (
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        b' micalg="sha-256"; boundary="' + boundary + b'"\r\n\r\n'
    )
    attached = (
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n' + _base64_lines(signature)
    )
    delimiter = b"--" + boundary
    return head + delimiter + _CRLF + entity + _CRLF + delimiter + _CRLF + attached + delimiter + b"--" + _CRLF


def _encrypt(entity: bytes, certificates: Iterable[x509.Certificate]) -> bytes:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(entity).set_content_encryption_algorithm(AES256)
    for certificate in certificates:
        builder = builder.add_recipient(certificate)
    enveloped = builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    head = (
        b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="smime.p7m"\r\n\r\n'
    )
    return head + _base64_lines(enveloped)


def _base64_lines(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", _CRLF)


def _recipient_certificate(folder: Path, address: str, *, now: datetime) -> x509.Certificate:
    path = folder / f"{address.lower()}.pem"
    if path.parent != folder or not path.is_file():
        raise TerminalToolError(
            f"There is no certificate for {address}, and mail must be encrypted ([mail] recipient_certs is set).",
            hint=f"Put the certificate at {str(path)!r}.",
        )
    certificate = _certificates(path, setting="recipient_certs")[0]
    _check(certificate, path, address=address, now=now)
    if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
        raise TerminalToolError(
            f"The certificate of {address} has no RSA key, which encryption needs.", hint="Ask for an RSA certificate."
        )
    return certificate


def _certificates(path: Path, *, setting: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise TerminalToolError(
            f"The certificate {str(path)!r} cannot be read: {error.strerror}.", hint=f"Correct [mail] {setting}."
        ) from error
    except ValueError as error:
        raise TerminalToolError(
            f"{str(path)!r} holds no PEM certificate.", hint=f"Correct the file or [mail] {setting}."
        ) from error


def _private_key(settings: MailConfig) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    password: bytes | None = None
    if settings.sign_key_password_env:
        value = os.environ.get(settings.sign_key_password_env)
        if value is None:
            raise TerminalToolError(
                f"The environment variable {settings.sign_key_password_env!r} (password of sign_key) is not set.",
                hint=f"Set it: export {settings.sign_key_password_env}=...",
            )
        password = value.encode()
    try:
        key = serialization.load_pem_private_key(Path(str(settings.sign_key)).read_bytes(), password)
    except OSError as error:
        raise TerminalToolError(
            f"The key {str(settings.sign_key)!r} cannot be read: {error.strerror}.", hint="Correct [mail] sign_key."
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TerminalToolError(
            f"The key {str(settings.sign_key)!r} cannot be opened: {error}.",
            hint="Check the file and [mail] sign_key_password_env.",
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TerminalToolError("sign_key must be an RSA or EC key.", hint="Use a certificate with such a key.")
    return key


def _check(certificate: x509.Certificate, path: Path, *, address: str, now: datetime) -> None:
    """The certificate is valid now and, when it names addresses, names this one."""
    moment = now.astimezone(UTC)
    if moment > certificate.not_valid_after_utc:
        raise TerminalToolError(
            f"The certificate {str(path)!r} expired on {certificate.not_valid_after_utc:%Y-%m-%d}.", hint="Renew it."
        )
    if moment < certificate.not_valid_before_utc:
        raise TerminalToolError(
            f"The certificate {str(path)!r} is valid only from {certificate.not_valid_before_utc:%Y-%m-%d}.",
            hint="Check the clock of this machine, or wait.",
        )
    named = _addresses(certificate)
    if named and address.lower() not in named:
        raise TerminalToolError(
            f"The certificate {str(path)!r} is for {', '.join(sorted(named))}, not for {address}.",
            hint="Put the right certificate there.",
        )


def _addresses(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {name.lower() for name in names.get_values_for_type(x509.RFC822Name)}
