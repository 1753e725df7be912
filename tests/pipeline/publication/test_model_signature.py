"""The signature of a publish folder: the reference tool takes ours, we take its, and nothing else is taken."""

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from specship.errors import SpecshipError
from specship.evidence.signing import pre_authentication_encoding
from specship.pipeline.publication.model_signature import (
    PAYLOAD_TYPE,
    check_signature,
    new_publication_key,
    sign_publication,
    signed_by,
)
from specship.pipeline.publication.publish_manifest import (
    SIGNATURE,
    list_file,
    verify,
    write_publish_manifest,
)
from tests.processes import inside

TOOL = (sys.executable, "-m", "model_signing")
NAMES = ("README.md", "model.safetensors", "parts/a.bin")


def published(folder: Path) -> Path:
    (folder / "parts").mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_text(f"{name} of a model\n")
    files = [list_file(folder, name, licence="MIT", provenance=f"checkpoint/{name}") for name in NAMES]
    write_publish_manifest(folder, files)
    return folder


class Signed:
    """A publish folder, signed, and both halves of the key."""

    def __init__(self, folder: Path) -> None:
        self.key, self.public = folder / "key.pem", folder / "key.pub"
        self.public.write_text(new_publication_key(self.key))
        self.folder = published(folder / "model")
        sign_publication(self.folder, self.key)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    return Signed(tmp_path_factory.mktemp("signed"))


def tool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TOOL, *map(str, words)], capture_output=True, text=True, check=False)


def test_the_reference_tool_takes_our_signature_and_notices_a_byte(signed: Signed, tmp_path: Path) -> None:
    folder = shutil.copytree(signed.folder, tmp_path / "model")
    words = ("verify", "key", folder, "--signature", folder / SIGNATURE, "--public_key", signed.public)
    done = tool(*words)

    assert done.returncode == 0, done.stderr
    assert "Verification succeeded" in done.stdout + done.stderr

    (folder / "parts/a.bin").write_text("another one\n")
    assert tool(*words).returncode != 0


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP521R1()], ids=lambda one: one.name)
def test_we_take_what_the_reference_tool_signs(curve: ec.EllipticCurve, tmp_path: Path) -> None:
    private = ec.generate_private_key(curve)
    key, public = tmp_path / "key.pem", tmp_path / "key.pub"
    pem, spki = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    key.write_bytes(
        private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(private.public_key().public_bytes(pem, spki))
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/a.txt").write_text("a\n")
    done = tool("sign", "key", folder, "--signature", folder / SIGNATURE, "--private_key", key)
    assert done.returncode == 0, done.stderr

    shown = inside(tmp_path, "verify", folder, "--public-key", public)
    assert (shown.returncode, shown.stdout) == (0, "the signature holds for every file\n")

    (folder / "more.txt").write_text("b\n")
    shown = inside(tmp_path, "verify", folder, "--public-key", public)
    assert shown.returncode == 1
    assert "more.txt: not signed" in shown.stdout


def test_the_verbs_sign_and_verify(tmp_path: Path) -> None:
    folder = published(tmp_path / "model")
    made = inside(tmp_path, "evidence", "keygen", "--publication", tmp_path / "key.pem")
    (tmp_path / "key.pub").write_text(made.stdout)
    done = inside(tmp_path, "evidence", "sign", "--publication", folder, "--key", tmp_path / "key.pem")

    assert done.returncode == 0, done.stderr
    assert "was not checked" in inside(tmp_path, "verify", folder).stdout
    shown = inside(tmp_path, "verify", folder, "--public-key", tmp_path / "key.pub")
    assert (shown.returncode, shown.stdout.splitlines()) == (
        0, ["3 files listed, all as listed", "the signature holds for every file"],
    )  # fmt: skip
    no_key = inside(tmp_path, "evidence", "sign", "--publication", folder)
    assert no_key.returncode == 2
    assert "a key in PEM" in no_key.stderr


def reworked(change: Callable[[Any], None]) -> Callable[[Signed, Path], None]:
    """A statement that was changed, and signed again with the very key."""

    def act(signed: Signed, folder: Path) -> None:
        bundle = json.loads((folder / SIGNATURE).read_text())
        statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        change(statement)
        payload = json.dumps(statement).encode()
        private: Any = serialization.load_pem_private_key(signed.key.read_bytes(), None)
        message = pre_authentication_encoding(PAYLOAD_TYPE, payload)
        signature = private.sign(message, ec.ECDSA(hashes.SHA256()))
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
        bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signature).decode()
        (folder / SIGNATURE).write_text(json.dumps(bundle))

    return act


def bundled(old: str, new: str) -> Callable[[Signed, Path], None]:
    def act(_signed: Signed, folder: Path) -> None:
        text = (folder / SIGNATURE).read_text()
        assert old in text
        (folder / SIGNATURE).write_text(text.replace(old, new, 1))

    return act


def resources(statement: Any) -> Any:
    return statement["predicate"]["resources"]


def unsigned(_signed: Signed, folder: Path) -> None:
    bundle = json.loads((folder / SIGNATURE).read_text())
    bundle["dsseEnvelope"]["signatures"] = []
    (folder / SIGNATURE).write_text(json.dumps(bundle))


def linked(_signed: Signed, folder: Path) -> None:
    (folder / SIGNATURE).rename(folder.parent / SIGNATURE)
    (folder / SIGNATURE).symlink_to(folder.parent / SIGNATURE)


CASES: dict[str, tuple[Callable[[Signed, Path], Any], str]] = {
    "other bytes": (lambda _, f: (f / "README.md").write_text("x"), "README.md: other bytes than were signed"),
    "a file is gone": (lambda _, f: (f / "README.md").unlink(), "README.md: signed, and missing"),
    "a file more": (lambda _, f: (f / "b").write_text("x"), "b: not signed"),
    "a link more": (lambda _, f: (f / "b").symlink_to("README.md"), "b: not signed"),
    "a payload that nobody signed": (bundled('"payload": "eyJ', '"payload": "eyI'), "did not sign it"),
    "another type": (bundled("vnd.in-toto+json", "vnd.specship.receipt+json"), "payloadType"),
    "another kind of bundle": (bundled("bundle.v0.3", "bundle.v0.1"), "mediaType"),
    "a member that nobody signed": (bundled('{"mediaType"', '{"rule": "lax", "mediaType"'), "rule"),
    "no signatures": (unsigned, "signatures"),
    "no base64": (bundled('"payload": "eyJ', '"payload": "e!J'), "not base64"),
    "not JSON": (lambda _, f: (f / SIGNATURE).write_text("{"), "not a signature of a model"),
    "a link in its place": (linked, "link"),
    "no resources": (reworked(lambda s: resources(s).clear()), "resources"),
    "a name twice": (reworked(lambda s: resources(s).append(resources(s)[0])), "stands in it twice"),
    "a name that leaves": (reworked(lambda s: resources(s)[0].update(name="../key.pem")), "no plain name"),
    "an absolute name": (reworked(lambda s: resources(s)[0].update(name="/etc/passwd")), "no plain name"),
    "another digest of the whole": (
        reworked(lambda s: s["subject"][0]["digest"].update(sha256="0" * 64)), "digest of the whole",
    ),
    "two subjects": (reworked(lambda s: s["subject"].append(s["subject"][0])), "subject"),
    "another predicate": (reworked(lambda s: s.update(predicateType="https://x/y")), "predicateType"),
    "a weak hash": (reworked(lambda s: resources(s)[0].update(algorithm="md5")), "algorithm"),
    "a file that is passed over": (
        reworked(lambda s: s["predicate"]["serialization"]["ignore_paths"].append("README.md")),
        "README.md: the signature passes over it",
    ),
    "another way to hash": (
        reworked(lambda s: s["predicate"]["serialization"].update(method="shards")), "method",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_hold_is_named(signed: Signed, tmp_path: Path, case: str) -> None:
    act, says = CASES[case]
    folder = shutil.copytree(signed.folder, tmp_path / "model")
    assert check_signature(folder, signed.public) == ()

    act(signed, folder)
    try:
        told = check_signature(folder, signed.public)
    except SpecshipError as error:
        told = (str(error),)
    assert any(says in one for one in told), told


def test_another_key_did_not_sign_it(signed: Signed, tmp_path: Path) -> None:
    other = tmp_path / "other.pub"
    other.write_text(new_publication_key(tmp_path / "other.pem"))

    assert check_signature(signed.folder, other) == ("model.sig: other.pub did not sign it",)
    assert len(signed_by(signed.folder)) == 64


def test_a_signature_is_in_no_manifest_and_unlisted_files_are_seen(signed: Signed, tmp_path: Path) -> None:
    folder = shutil.copytree(signed.folder, tmp_path / "model")
    assert verify(folder).sound

    (folder / "b").write_text("x")
    assert verify(folder).unlisted == ("b",)
    with pytest.raises(SpecshipError, match="not what its manifest says"):
        sign_publication(folder, signed.key)


def test_a_key_in_a_checkout_signs_nothing(signed: Signed, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    shutil.copy(signed.key, tmp_path / "key.pem")
    with pytest.raises(SpecshipError, match="would lie inside the checkout"):
        sign_publication(signed.folder, tmp_path / "key.pem")
    with pytest.raises(SpecshipError, match="would lie inside the checkout"):
        new_publication_key(tmp_path / "new.pem")
