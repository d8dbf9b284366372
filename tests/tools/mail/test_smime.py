"""S/MIME, checked by OpenSSL as another implementation, and by ``cryptography`` where OpenSSL is absent."""

from __future__ import annotations

import email
import email.policy
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from clawdbot.errors import TerminalToolError
from clawdbot.tools.mail.tool import mail

TEXT: dict[str, Any] = {"subject": "第三季度销售报告", "body": "您好,附件是报告。"}
OPENSSL = shutil.which("openssl")
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, kw_only=True)
class Identity:
    certificate: Path
    key: Path


def make_identity(
    folder: Path,
    address: str,
    *,
    key: Key | None = None,
    days: tuple[int, int] = (-1, 1),
    password: bytes | None = None,
) -> Identity:
    private = key or rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0])).not_valid_after(now + timedelta(days=days[1]))
    )  # fmt: skip
    if "@" in address:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
    found = Identity(certificate=folder / f"{address}.pem", key=folder / f"{address}.key")
    certificate = builder.sign(private, hashes.SHA256())
    found.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    found.key.write_bytes(
        private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    )
    return found


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    make_identity(folder, "bot@example.com", password=b"pass")
    make_identity(folder, "finance@example.com")
    make_identity(folder, "ec@example.com", key=ec.generate_private_key(ec.SECP256R1()))
    make_identity(folder, "old@example.com", days=(-9, -1))
    make_identity(folder, "early@example.com", days=(1, 9))
    make_identity(folder, "nobody")
    return folder


@pytest.fixture
def send(start_server: Any, make_context: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[bytes, Any]]:
    """``send(recipients=..., **[mail] settings)`` gives the mail that the server stored, and the receipt."""
    monkeypatch.setenv("SIGN_PASSWORD", "pass")

    def go(recipients: tuple[str, ...] = ("finance@example.com",), **change: Any) -> tuple[bytes, Any]:
        server = start_server()
        settings = server.settings.model_copy(update=change)
        receipt = mail(make_context(settings, recipients=recipients), to=list(recipients), **TEXT).receipt
        raw = server.behaviour.accepted[0].original_content
        assert raw is not None
        return raw, receipt

    return go


def signing(people: Path, name: str = "bot@example.com") -> dict[str, Any]:
    return {
        "sign_cert": people / f"{name}.pem", "sign_key": people / f"{name}.key",
        "sign_key_password_env": "SIGN_PASSWORD" if name == "bot@example.com" else "",
    }  # fmt: skip


def openssl(*arguments: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    assert OPENSSL is not None
    return subprocess.run([OPENSSL, *arguments], input=given, capture_output=True, check=False)


def attachments(raw: bytes) -> list[str | None]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return [part.get_filename() for part in message.walk() if part.get_filename()]


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not on this machine")
def test_a_signature_is_good_and_breaks_with_the_text(send: Any, people: Path) -> None:
    raw, receipt = send(**signing(people))
    assert receipt["signed"] and not receipt["encrypted"]
    check = ("smime", "-verify", "-CAfile", str(people / "bot@example.com.pem"), "-purpose", "any")
    verified = openssl(*check, given=raw)
    assert verified.returncode == 0, verified.stderr
    assert attachments(verified.stdout) == ["销售报告.pdf", "sales.csv"]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message.get_content_type() == "multipart/signed" and message["Subject"] == TEXT["subject"]
    assert message.get_param("micalg") == "sha-256"
    assert openssl(*check, given=raw.replace(b"Content-Language", b"X-Other")).returncode == 0  # outside the signature
    position = raw.index(b"base64") + 30
    spoilt = raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]
    assert openssl(*check, given=spoilt).returncode != 0


def test_an_encrypted_mail_opens_only_with_the_key(send: Any, people: Path) -> None:
    raw, receipt = send(recipient_certs=people)
    assert receipt["encrypted"] and not receipt["signed"]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    enveloped = message.get_payload(decode=True)
    assert isinstance(enveloped, bytes)
    certificate = x509.load_pem_x509_certificate((people / "finance@example.com.pem").read_bytes())
    key = serialization.load_pem_private_key((people / "finance@example.com.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    opened = pkcs7.pkcs7_decrypt_der(enveloped, certificate, key, [])
    assert attachments(opened) == ["销售报告.pdf", "sales.csv"]
    assert "报告".encode() not in raw and b"sales.csv" not in raw
    if OPENSSL is not None:
        stranger = str(people / "nobody.pem"), str(people / "nobody.key")
        assert openssl("smime", "-decrypt", "-recip", stranger[0], "-inkey", stranger[1], given=raw).returncode != 0
        assert (
            b"aes-256-cbc"
            in openssl("smime", "-pk7out", given=raw).stdout + openssl("cms", "-cmsout", "-print", given=raw).stdout
        )


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not on this machine")
def test_signed_and_encrypted_together(send: Any, people: Path) -> None:
    raw, receipt = send(recipient_certs=people, **signing(people))
    assert receipt["signed"] and receipt["encrypted"]
    who = str(people / "finance@example.com.pem"), str(people / "finance@example.com.key")
    opened = openssl("smime", "-decrypt", "-recip", who[0], "-inkey", who[1], given=raw)
    assert opened.returncode == 0, opened.stderr
    checked = openssl(
        "smime", "-verify", "-CAfile", str(people / "bot@example.com.pem"), "-purpose", "any", given=opened.stdout
    )
    assert checked.returncode == 0, checked.stderr
    assert attachments(checked.stdout) == ["销售报告.pdf", "sales.csv"]


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ("absent@example.com", "no certificate for absent@example.com"),
        ("old@example.com", "expired on"),
        ("early@example.com", "valid only from"),
        ("ec@example.com", "no RSA key"),
    ],
)
def test_nobody_gets_a_mail_that_cannot_be_encrypted(send: Any, people: Path, person: str, said: str) -> None:
    with pytest.raises(TerminalToolError, match=said):
        send(recipients=("finance@example.com", person), recipient_certs=people)


def test_a_certificate_of_somebody_else_is_not_used(send: Any, people: Path, tmp_path: Path) -> None:
    shutil.copy(people / "finance@example.com.pem", tmp_path / "ceo@example.com.pem")
    with pytest.raises(TerminalToolError, match=r"is for finance@example.com, not for ceo@example.com"):
        send(recipients=("ceo@example.com",), recipient_certs=tmp_path)
    with pytest.raises(TerminalToolError, match=r"is for finance@example.com, not for bot@example.com"):
        send(**signing(people, "finance@example.com"))


def test_a_certificate_without_addresses_serves_whoever_it_is_put_there_for(
    send: Any, people: Path, tmp_path: Path
) -> None:
    shutil.copy(people / "nobody.pem", tmp_path / "finance@example.com.pem")
    _, receipt = send(recipient_certs=tmp_path)
    assert receipt["encrypted"]


def test_an_address_never_leads_out_of_the_folder(send: Any, people: Path) -> None:
    folder = people / "inner"
    folder.mkdir()
    (folder / "x").mkdir()
    with pytest.raises(TerminalToolError, match="no certificate for x/finance@example"):
        send(recipients=("x/finance@example.com",), recipient_certs=folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sign_key": None}, "Only one of sign_cert and sign_key"),
        ({"sign_cert": None}, "Only one of sign_cert and sign_key"),
        ({"sign_cert": Path("/absent.pem")}, "cannot be read.*sign_cert"),
        ({"sign_key": Path("/absent.key")}, "cannot be read.*sign_key"),
        ({"sign_key_password_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE"),
        ({"sign_key_password_env": ""}, "cannot be opened"),
    ],
)
def test_a_configured_signature_is_never_left_out(send: Any, people: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(TerminalToolError, match=said):
        send(**{**signing(people), **change})


def test_a_key_must_fit_its_certificate(send: Any, people: Path, tmp_path: Path) -> None:
    other = {**signing(people), "sign_key": people / "finance@example.com.key", "sign_key_password_env": ""}
    with pytest.raises(TerminalToolError, match="does not belong"):
        send(**other)
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(TerminalToolError, match="no PEM certificate"):
        send(**{**other, "sign_cert": tmp_path / "empty.pem"})
