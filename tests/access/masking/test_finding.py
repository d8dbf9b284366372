"""What is found as personal data, and what only looks like it; numbers are made up or published examples."""

from __future__ import annotations

import pytest

from clawdbot.access.masking.found import personal_label
from clawdbot.access.masking.masker import Masker
from clawdbot.config import MaskingConfig, PersonalKind

MASKER = Masker(MaskingConfig(words=("张三", "Acme Corp", "天龙计划", "José", "Q3 裁员")))
CARD = "6222021234567890128"
RESIDENT = "11010519491231002X"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlMTIz"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA1234567890abcd\n-----END RSA PRIVATE KEY-----"

FOUND: list[tuple[str, PersonalKind, str]] = [
    ("联系电话13812345678，谢谢", "phone", "13812345678"),
    ("手机：１３８　１２３４　５６７８。", "phone", "１３８　１２３４　５６７８"),
    ("call +86 138-1234-5678 now", "phone", "+86 138-1234-5678"),
    ("拨打 (+86)13812345678", "phone", "(+86)13812345678"),
    ("fax 0086 10 6234 5678", "phone", "0086 10 6234 5678"),
    ("座机 010-62345678转802", "phone", "010-62345678转802"),
    ("Tel: (0755) 8321 4567", "phone", "(0755) 8321 4567"),
    ("电话：62345678", "phone", "62345678"),
    ("reach me at +1 415 555 2671.", "phone", "+1 415 555 2671"),
    ("TEL13812345678", "phone", "13812345678"),
    ("138.1234.5678", "phone", "138.1234.5678"),
    ("1 3 8 1 2 3 4 5 6 7 8", "phone", "1 3 8 1 2 3 4 5 6 7 8"),
    ("138\u200b1234\u200b5678 ok", "phone", "138\u200b1234\u200b5678"),
    ("手机 13812\n345678", "phone", "13812\n345678"),
    ('{"note": "a\\n13812345678"}', "phone", "13812345678"),
    ("价格 13812345678.0 来自浮点列", "phone", "13812345678"),
    ("手机 013812345678", "phone", "013812345678"),
    (f"身份证{RESIDENT}", "resident_id", RESIDENT),
    ("ＩＤ １１０１０５１９４９１２３１００２ｘ", "resident_id", "１１０１０５１９４９１２３１００２ｘ"),
    ("110105 19491231 002X", "resident_id", "110105 19491231 002X"),
    ("110105\n19491231002X", "resident_id", "110105\n19491231002X"),
    ("旧证 110105491231002", "resident_id", "110105491231002"),
    ("身份证号码：110105194912310021（抄错一位）", "resident_id", "110105194912310021"),
    ("国外证件号 110199491231002", "resident_id", "110199491231002"),
    ("税号 91110000600037341L", "credit_code", "91110000600037341L"),
    ("USCC 91 110000 6000 3734 1L", "credit_code", "91 110000 6000 3734 1L"),
    (f"卡号{CARD}", "bank_card", CARD),
    ("6222 0212 3456 7890 128", "bank_card", "6222 0212 3456 7890 128"),
    ("pay with 4111-1111-1111-1111", "bank_card", "4111-1111-1111-1111"),
    ("amex 3782 822463 10005", "bank_card", "3782 822463 10005"),
    ("银行卡号 6222021234567890127", "bank_card", "6222021234567890127"),
    ("发送至zhang.san+hr@example.com谢谢", "mail_address", "zhang.san+hr@example.com"),
    ("mailto=a.b%40example.co.uk&x", "mail_address", "a.b%40example.co.uk"),
    ("邮箱：ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "mail_address", "ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
    ("li@例子.公司", "mail_address", "li@例子.公司"),
    ("护照E12345678", "passport", "E12345678"),
    ("passport no. ea1234567", "passport", "ea1234567"),
    ("holder G 1234 5678,", "passport", "G 1234 5678"),
    ("US passport 533380006", "passport", "533380006"),
    ("台胞证 T12345678", "passport", "T12345678"),
    ("key sk-abcdefghijklmnop1234", "secret", "sk-abcdefghijklmnop1234"),
    ("use ghp_abcdefghijklmnopqrstuvwxyz0123456789", "secret", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
    ("AKIAIOSFODNN7EXAMPLE", "secret", "AKIAIOSFODNN7EXAMPLE"),
    (f"jwt={JWT}", "secret", JWT),
    (f"see {PEM} end", "secret", PEM),
    ("-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA1234567890abcd\ncut", "secret",
     "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA1234567890abcd"),
    ("Authorization: Bearer abc123def456ghi", "secret", "abc123def456ghi"),
    ("DB_PASSWORD=hunter2x", "secret", "hunter2x"),
    ('{"password": "correct-horse"}', "secret", "correct-horse"),
    ("{'secret': 'correct-horse'}", "secret", "correct-horse"),
    ("password: swordfish\nuser: li", "secret", "swordfish"),
    ("the password is hunter2.", "secret", "hunter2"),
    ("密码是 Abc12345，请保存", "secret", "Abc12345"),
    ("postgresql://root:s3cret!@db.example.com/x", "secret", "s3cret!"),
    ("https://x.example/?key=0123456789abcdef0123", "secret", "0123456789abcdef0123"),
    ("our webhook token (prod) aB3dE5gH7jK9mN1pQ3sT", "secret", "aB3dE5gH7jK9mN1pQ3sT"),
    ("加密密钥为：0f1e2d3c4b5a69788796a5b4c3d2e1f0", "secret", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
    ("the signing key, hex 0f1e2d3c4b5a69788796a5b4c3d2e1f0", "secret", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
    ("经办人张　三签字", "word", "张　三"),
    ("ACME\ncorp's plan", "word", "ACME\ncorp"),
    ("关于ａｃｍｅ　ｃｏｒｐ的事", "word", "ａｃｍｅ　ｃｏｒｐ"),
    ("with Jose\u0301 and", "word", "Jose"),
    ("\\u5929\\u9f99\\u8ba1\\u5212启动", "word", "\\u5929\\u9f99\\u8ba1\\u5212"),
    ("讨论q3 裁员", "word", "q3 裁员"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "expected"), FOUND)
def test_personal_data_is_found_at_its_place(text: str, kind: PersonalKind, expected: str) -> None:
    found = MASKER.find(text)
    assert [(one.kind, one.text) for one in found] == [(kind, expected)]
    assert text[found[0].start : found[0].end] == expected


@pytest.mark.parametrize(
    "text",
    [
        "订单号 13812345678",
        '{"order_id": 13812345678}',
        "invoice no. 13812345678",
        "ORD-2026-13812345678",
        "流水号：6222021234567890128",
        "总额 13812345678.50 元",
        "¥13812345678",
        "13812345678元",
        "2026-11-21 13:45:10 20261121134510123",
        "客服热线 400-820-8820",
        "server 159.226.39.101",
        "v1.3.8.12 build 20261121",
        "坐标 116.13812345678, 39.90469",
        "tel 20261121",
        "a13812345678b 913812345678901234567",
        "138-1234-5678-9012",
        "1499999999999",
        "110105194913310020",
        "990105194912310026",
        "6222021234567890127",
        "4000 1234 5678 9010 1112 1314",
        "4111 1111 11111111 4111 111",
        "91110000600037342L",
        "91110000I00037341L",
        "型号 E12345678",
        "part no: G20261121",
        "SKU-E12345678",
        "护照有效期至 20301121",
        "react@18.2.0 and @mention and image@2x.png",
        "git@github.com:org/repo.git",
        "nobody@host.invalid",
        "a@localhost",
        "https://user:${PASSWORD}@db.example.com",
        "password=<your password> token=none",
        "Password: must be 8 characters long",
        "token: 4096 max_tokens=1200000",
        "password=get_password()",
        "密码：请联系管理员",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "signing key sha256 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "primary key: sales_order_header_2026_quarterly",
        "sk-learn-is-a-nice-library-name",
        "basic understanding-of-things",
        "acmecorp and Acme Corporation",
        "",
    ],
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert MASKER.find(text) == ()


def test_several_pieces_come_in_order_and_the_longest_wins() -> None:
    text = f"13812345678@139.com, {RESIDENT} 13912345678; {CARD}"
    assert [one.kind for one in MASKER.find(text)] == ["mail_address", "resident_id", "phone", "bank_card"]


def test_only_configured_kinds_are_looked_for() -> None:
    masker = Masker(MaskingConfig(kinds=("phone",), words=("秘密",)))
    assert [one.kind for one in masker.find(f"秘密 13812345678 {RESIDENT} a@example.com")] == ["phone"]


def test_words_that_are_empty_are_no_words() -> None:
    assert Masker(MaskingConfig(words=("", " "))).find("any text") == ()


def test_what_was_found_makes_the_label() -> None:
    assert personal_label(()) == "public"
    assert personal_label(MASKER.find("tel 13812345678, a@example.com")) == "internal"
    assert personal_label(MASKER.find(f"张三 {RESIDENT} 13812345678")) == "confidential"
    assert personal_label(MASKER.find(f"{CARD} password=hunter2x")) == "secret"
