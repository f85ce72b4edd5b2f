# SPDX-License-Identifier: Apache-2.0
"""Archives, compressed streams, documents, databases and key containers, sound and hostile."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from secrethunt.coverage import Skip
from secrethunt.decode import DecodeOptions, Tally
from secrethunt.detector import Detector
from secrethunt.diskcache import DiskCache
from secrethunt.ruleset import Ruleset
from tests.decode.search import search
from tests.rule_samples import acme_key, make_blob

KEY = acme_key("container")
LINE = b"api_key = " + KEY + b"\n"


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(members: dict[str, bytes], mode: Any = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def seven_zipped(members: dict[str, bytes], **options: Any) -> bytes:
    import py7zr

    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", **options) as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("pack", "step"),
    [
        (gzip.compress, "gzip"),
        (zlib.compress, "zlib"),
        (bz2.compress, "bzip2"),
        (lzma.compress, "xz"),
        (lambda data: gzip.compress(b"first\n") + gzip.compress(data) + b"\0" * 20, "gzip"),
    ],
)
def test_compressed_file_is_searched(pack: Callable[[bytes], bytes], step: str) -> None:
    outcome = search(pack(LINE))
    assert ([KEY], [(step,)]) == (outcome.values, outcome.chains)
    assert 1 == outcome.tally.containers


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_member_is_named_in_the_chain(method: int) -> None:
    data = zipped({"readme.md": b"# hello\n", "config/app.env": LINE}, method)
    outcome = search(data)
    assert ([KEY], [("zip:config/app.env",)]) == (outcome.values, outcome.chains)
    [candidate] = outcome.candidates
    assert (b"config/app.env", 1, 1) == (candidate.decoding and candidate.decoding.path, *_place(candidate.span))
    assert b"config/app.env" in data[candidate.span.start : candidate.span.end]


def _place(span: Any) -> tuple[int, int]:
    return span.line, span.column


def test_image_with_layers_is_followed_to_the_base64_in_a_jar() -> None:
    jar = zipped({"application.yml": b"key: " + base64.b64encode(LINE) + b"\n"})
    layer = tarred({"app/service.jar": jar}, "w:gz")
    outcome = search(tarred({"manifest.json": b"[]", "abc/layer.tar": layer}))
    steps = ("tar:abc/layer.tar", "gzip", "tar:app/service.jar", "zip:application.yml", "base64")
    assert ([KEY], [steps]) == (outcome.values, outcome.chains)


def test_member_whose_bytes_stand_plain_in_the_archive_is_found_once() -> None:
    assert [("tar:a.env",)] == search(tarred({"a.env": LINE})).chains


def test_office_text_is_joined_across_runs() -> None:
    text = KEY.decode()
    document = f"<w:p><w:r><w:t>key: {text[:7]}</w:t></w:r><w:r><w:t>{text[7:]}</w:t></w:r></w:p>".encode()
    data = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": document})
    outcome = search(data)
    assert ([KEY], [("zip:word/document.xml",)]) == (outcome.values, outcome.chains)


def test_7z_member_is_searched() -> None:
    outcome = search(seven_zipped({"dir/a.env": LINE}))
    assert ([KEY], [("7z:dir/a.env",)]) == (outcome.values, outcome.chains)


def test_encrypted_members_are_counted_and_the_others_searched() -> None:
    assert {Skip.ENCRYPTED} == search(seven_zipped({"a": LINE}, password="x", header_encryption=True)).skips
    data = bytearray(zipped({"closed": b"x" * 50, "open.env": LINE}))
    flags = [data.index(b"PK\3\4") + 6, data.index(b"PK\1\2") + 8]
    for at in flags:
        data[at] |= 1
    outcome = search(bytes(data))
    assert ([KEY], {Skip.ENCRYPTED}) == (outcome.values, outcome.skips)


def test_rows_of_a_database_are_searched() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE "odd ""name" (id INTEGER, api_key TEXT, doc BLOB)')
    connection.execute('INSERT INTO "odd ""name" VALUES (1, ?, ?)', (KEY.decode(), gzip.compress(acme_key("blob"))))
    connection.execute("CREATE VIEW v AS SELECT randomblob(1000000000)")
    connection.commit()
    outcome = search(connection.serialize())
    connection.close()
    assert sorted([KEY, acme_key("blob")]) == sorted(outcome.values)
    assert {('sqlite:odd "name',), ('sqlite:odd "name', "gzip")} == set(outcome.chains)


def test_text_of_a_pdf_is_searched() -> None:
    outcome = search(make_pdf(b"api_key = " + KEY))
    assert ([KEY], [("pdf:page 1",)]) == (outcome.values, outcome.chains)


def make_pdf(text: bytes) -> bytes:
    stream = zlib.compress(b"BT /F1 12 Tf 72 720 Td (" + text + b") Tj ET")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n" % len(stream) + stream + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj" % number + content + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(data)
    return data + b"xref\n0 6\n0000000000 65535 f \n" + table + end


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_text_is_searched_and_its_places_are_those_of_the_file(encoding: str) -> None:
    text = "# first line é\nkey = '" + KEY.decode() + "'\nagain = '" + KEY.decode() + "'\n"
    data = text.encode(encoding)
    outcome = search(data)
    assert [KEY, KEY] == outcome.values
    assert [(2, 8), (3, 10)] == [_place(candidate.span) for candidate in outcome.candidates]
    for candidate in outcome.candidates:
        raw = data[candidate.span.start : candidate.span.end]
        width = 4 if "32" in encoding else 2
        assert KEY == bytes(byte for byte in raw if byte) and len(raw) == width * len(KEY)
        assert candidate.span.end_column - candidate.span.column == len(KEY)


@pytest.fixture(scope="module")
def private_keys(ruleset: Ruleset) -> Detector:
    """The shipped rules of private keys."""
    chosen = [number for number, rule in enumerate(ruleset.rules) if rule.provider == "privatekey"]
    rules = tuple(ruleset.rules[number] for number in chosen)
    return Detector(Ruleset(rules, tuple(ruleset.anchors[number] for number in chosen)), DiskCache(None))


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def found(detector: Detector, data: bytes) -> list[tuple[str, ...]]:
    candidates = detector.scan_bytes(make_blob(data))
    return [candidate.decoding.chain if candidate.decoding else () for candidate in candidates]


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_private_key_in_der_is_found_as_a_file_and_in_base64(
    private_keys: Detector, key: ec.EllipticCurvePrivateKey, form: serialization.PrivateFormat
) -> None:
    der = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    assert [("der",)] == found(private_keys, der)
    assert [("base64", "der")] == found(private_keys, b"key=" + base64.b64encode(der) + b"\n")


@pytest.mark.parametrize("password", [b"changeit", b""])
def test_key_container_with_a_customary_password_is_opened(
    private_keys: Detector, key: ec.EllipticCurvePrivateKey, password: bytes
) -> None:
    closing = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    data = pkcs12.serialize_key_and_certificates(b"x", key, None, None, closing)
    assert [("pkcs12",)] == found(private_keys, data)
    assert [("base64", "pkcs12")] == found(private_keys, b"p12: " + base64.b64encode(data))
    pem = b"-----BEGIN PKCS12-----\n" + base64.encodebytes(data) + b"-----END PKCS12-----\n"
    assert [("pem", "pkcs12")] == found(private_keys, pem)


def test_key_container_with_a_password_of_its_own_is_counted(key: ec.EllipticCurvePrivateKey) -> None:
    closing = serialization.BestAvailableEncryption(b"of-its-own")
    assert {Skip.ENCRYPTED} == search(pkcs12.serialize_key_and_certificates(b"x", key, None, None, closing)).skips


def test_secret_manifest_shows_values_beside_their_keys(ruleset: Ruleset) -> None:
    [number] = [number for number, rule in enumerate(ruleset.rules) if rule.id == "generic.quoted-assignment"]
    detector = Detector(Ruleset((ruleset.rules[number],), (ruleset.anchors[number],)), DiskCache(None))
    value = b"Tr0ub4dor-" + acme_key("k8s")[-6:]
    encoded = base64.b64encode(value)
    manifest = b"data:\n  password: " + encoded + b"\n  port: ODA4MA==\nkind: Secret\nmetadata:\n  name: x\n"
    [candidate] = detector.scan_bytes(make_blob(b"kind: ConfigMap\n---\n" + manifest))
    assert (value, (4, 13)) == (candidate.secret.reveal(), _place(candidate.span))
    assert () == detector.scan_bytes(make_blob(manifest.replace(b"Secret", b"ConfigMap")))


# --- hostile ----------------------------------------------------------------------------------------------------


def test_bomb_is_cut_and_said_and_what_stood_before_it_is_found() -> None:
    zeros = b"\0" * (60 << 20)
    outcome = search(zipped({"a.env": LINE, "bomb": zeros, "after.env": LINE}))
    assert {Skip.DECODE_LIMIT} == outcome.skips
    assert ("zip:a.env",) == outcome.chains[0]
    assert {Skip.DECODE_LIMIT} == search(gzip.compress(zeros)).skips
    assert {Skip.DECODE_LIMIT} == search(bz2.compress(zeros)).skips
    assert {Skip.DECODE_LIMIT} == search(lzma.compress(zeros)).skips


def test_nested_bomb_spends_one_budget() -> None:
    inner = zipped({"zeros": b"\0" * (8 << 20)})
    outcome = search(zipped({f"{number}.zip": inner for number in range(40)}))
    assert {Skip.DECODE_LIMIT} == outcome.skips
    assert outcome.tally.pieces < 20


def test_member_over_the_size_limit_is_said_and_the_others_searched() -> None:
    outcome = search(zipped({"large": b"word " * 300_000, "a.env": LINE}), size=1 << 20)
    assert ([KEY], {Skip.TOO_LARGE}) == (outcome.values, outcome.skips)


def test_archive_that_holds_itself_in_itself_ends_at_the_depth_limit() -> None:
    data = gzip.compress(LINE)
    for _ in range(30):
        data = gzip.compress(data)
    outcome = search(data)
    assert ([], {Skip.DECODE_LIMIT}) == (outcome.values, outcome.skips)
    assert [KEY] == search(data, depth=31).values


def test_truncated_stream_is_searched_as_far_as_it_goes() -> None:
    data = gzip.compress(LINE + acme_key("noise") * 20_000, 0)[:-5000]
    outcome = search(data)
    assert (KEY, {Skip.UNOPENED}) == (outcome.values[0] if outcome.values else b"", outcome.skips)


SOUND = [
    zipped({"a.env": LINE, "b": b"x" * 5000}),
    tarred({"a.env": LINE}),
    gzip.compress(LINE),
    zlib.compress(LINE),
    bz2.compress(LINE),
    lzma.compress(LINE),
    seven_zipped({"a.env": LINE}),
    make_pdf(b"text"),
    "key = 1\n".encode("utf-16"),
]


@pytest.mark.parametrize("data", SOUND, ids=["zip", "tar", "gzip", "zlib", "bzip2", "xz", "7z", "pdf", "utf-16"])
def test_no_damage_stops_a_scan(data: bytes) -> None:
    for cut in range(1, len(data), max(len(data) // 25, 1)):
        search(data[:cut])
        search(data[:cut] + bytes([data[cut] ^ 0xFF]) + data[cut + 1 :])


def test_sizes_that_lie_are_not_believed() -> None:
    data = bytearray(zipped({"a.env": LINE}))
    at = data.index(b"PK\1\2")
    data[at + 24 : at + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    search(bytes(data))
    archive = bytearray(tarred({"a.env": LINE}))
    archive[124:136] = b"77777777777\0"
    archive[148:156] = b"%06o\0 " % (sum(archive[:148]) + 8 * 32 + sum(archive[156:512]))
    assert {Skip.UNOPENED} == search(bytes(archive)).skips


def test_database_that_computes_for_ever_is_stopped() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a TEXT, b AS (length(replace(hex(zeroblob(100000)), '0', a))))")
    connection.executemany("INSERT INTO t VALUES (?)", [(KEY.decode(),)] * 50)
    connection.commit()
    outcome = search(connection.serialize())
    connection.close()
    assert KEY in outcome.values


def test_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("py7zr", "pypdf", "cryptography.hazmat.primitives.serialization"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    for data, extra in ((SOUND[6], "archives"), (make_pdf(b"x"), "documents")):
        outcome = search(data)
        assert {Skip.NEEDS_EXTRA} == outcome.skips
        assert f"pip install 'secrethunt[{extra}]'" in outcome.tally.notes[0][2]


def test_notes_name_the_blob_and_the_chain() -> None:
    tally = Tally()
    detector = Detector(Ruleset((), ()), DiskCache(None), DecodeOptions())
    data = zipped({"inner.gz": gzip.compress(LINE)[:-12]})
    list(detector.iter_hits([make_blob(data, b"a.zip")], tally=tally))
    [(what, skip, detail)] = tally.notes
    assert (b"a.zip", Skip.UNOPENED) == (what, skip)
    assert "zip:inner.gz: gzip: it ends too early" == detail
