"""The signature of a publish folder, in the format that tools for models share: `model.sig`.

A bundle of Sigstore with one DSSE envelope around an in-toto statement that names every file with its sha256;
signed with an elliptic-curve key, which is what the reference tool takes where no service is asked.

Source: OpenSSF Model Signing 1.0, and `model-signing` 1.1, whose `verify key` accepts what is written here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, Field

from specship import bounds, strict_json
from specship.digests import sha256_bytes, sha256_file
from specship.errors import DamagedArtifact, Place, SpecshipError, UnusableInput
from specship.evidence.keys.signing_keys import private_bytes, write_private
from specship.evidence.signing import pre_authentication_encoding
from specship.files import write_file
from specship.pipeline.publication.publish_manifest import (
    SIGNATURE,
    files_of,
    plain_name,
    verify,
)
from specship.records import OpenRecord, Record, Sha256, checked

R = TypeVar("R", bound=Record)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://model_signing/signature/v1.0"
NOT_COVERED: Final = (SIGNATURE, ".git", ".gitattributes", ".github", ".gitignore")
"""What the reference tool passes over, files and folders."""
_HASHES: Final = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}
_MEND: Final = "fetch the folder again from where it was published, or sign it again"


class _Signature(Record):
    sig: str
    keyid: str = ""


class _Envelope(Record):
    payload: str
    payloadType: Literal["application/vnd.in-toto+json"]  # noqa: N815 - DSSE's own spelling
    signatures: Annotated[list[_Signature], Field(min_length=1, max_length=1)]


class _KeyHint(Record):
    hint: str = ""


class _Material(Record):
    publicKey: _KeyHint  # noqa: N815 - Sigstore's own spelling
    tlogEntries: list[Any] = []  # noqa: N815


class _Bundle(Record):
    mediaType: Literal["application/vnd.dev.sigstore.bundle.v0.3+json"]  # noqa: N815
    verificationMaterial: _Material  # noqa: N815
    dsseEnvelope: _Envelope  # noqa: N815


class _Digest(Record):
    sha256: Sha256


class _Subject(Record):
    name: str
    digest: _Digest


class _Serialization(Record):
    method: Literal["files"]
    hash_type: Literal["sha256"]
    allow_symlinks: bool
    ignore_paths: list[str] = []


class _Resource(Record):
    name: Annotated[str, AfterValidator(plain_name)]
    algorithm: Literal["sha256"]
    digest: Sha256


class _Predicate(OpenRecord):
    serialization: _Serialization
    resources: Annotated[list[_Resource], Field(min_length=1)]


class _Statement(Record):
    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    subject: Annotated[list[_Subject], Field(min_length=1, max_length=1)]
    predicateType: Literal["https://model_signing/signature/v1.0"]  # noqa: N815
    predicate: _Predicate


def new_publication_key(path: Path) -> str:
    """Make a P-256 key pair, write the private half for its owner alone to read; the public half in PEM.

    Raises:
        UnusableInput: the path lies in a checkout, or there is something already.
        CannotWrite: the disk is full or refuses.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    write_private(
        path,
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    return _pem(private.public_key()).decode()


def sign_publication(folder: Path, key: Path) -> Path:
    """Sign every file of a publish folder; the signature lies in it.

    Raises:
        UnusableInput: the folder is not what its manifest says, has files that no signature covers, or the
            key is no elliptic-curve key that may be used.
        DamagedArtifact: the manifest cannot be used.
        CannotWrite: the disk is full or refuses.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    if not verify(folder).sound:
        raise UnusableInput(
            "the folder is not what its manifest says", at=folder, mend="see what `specship verify` says"
        )
    private = _private(key)
    names = sorted(files_of(folder) - {SIGNATURE})
    if outside := [name for name in names if _passed_over(name)]:
        raise UnusableInput(
            f"{outside[0]}: no signature covers it", at=folder,
            why="tools for signed models pass over files of git", mend="publish without it",
        )  # fmt: skip
    resources = [
        {"name": name, "algorithm": "sha256", "digest": sha256_file(folder / name)} for name in names
    ]
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {
                "name": folder.resolve().name,
                "digest": {"sha256": _root_digest(one["digest"] for one in resources)},
            }
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files", "hash_type": "sha256", "allow_symlinks": False,
                "ignore_paths": list(NOT_COVERED),
            },
            "resources": resources,
        },
    }  # fmt: skip
    payload = json.dumps(statement, ensure_ascii=False, allow_nan=False).encode()
    message = pre_authentication_encoding(PAYLOAD_TYPE, payload)
    signature = private.sign(message, ec.ECDSA(_hash_of(private.public_key(), key)))
    bundle = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "publicKey": {"hint": sha256_bytes(_pem(private.public_key()))}, "tlogEntries": [],
        },
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }  # fmt: skip
    write_file(folder / SIGNATURE, json.dumps(bundle) + "\n")
    return folder / SIGNATURE


def check_signature(folder: Path, public: Path) -> tuple[str, ...]:
    """What speaks against the signature of a folder, in words; empty where it holds for every file.

    Raises:
        DamagedArtifact: there is no signature, or it is none of this format.
        UnusableInput: the public key is no elliptic-curve key in PEM.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec

    path, key = folder / SIGNATURE, _public(public)
    bundle = _read(_Bundle, strict_json.read_bytes(path, bounds.JSON_REPORT_BYTES), path)
    envelope = bundle.dsseEnvelope
    try:
        payload = base64.b64decode(envelope.payload, validate=True)
        signature = base64.b64decode(envelope.signatures[0].sig, validate=True)
    except binascii.Error as error:
        raise DamagedArtifact(f"not base64: {error}", at=path, mend=_MEND) from error
    try:
        key.verify(
            signature,
            pre_authentication_encoding(envelope.payloadType, payload),
            ec.ECDSA(_hash_of(key, public)),
        )
    except InvalidSignature:
        return (f"{SIGNATURE}: {public.name} did not sign it",)
    return tuple(_differences(folder, _read(_Statement, payload, path)))


def signed_by(folder: Path) -> str:
    """The hint at the key of a signature, for a person; empty where there is no signature.

    Raises:
        DamagedArtifact: it is none of this format.
    """
    path = folder / SIGNATURE
    if not path.exists() and not path.is_symlink():
        return ""
    bundle = _read(_Bundle, strict_json.read_bytes(path, bounds.JSON_REPORT_BYTES), path)
    return bundle.verificationMaterial.publicKey.hint or "a key without a hint"


def _differences(folder: Path, statement: _Statement) -> Iterator[str]:
    resources, serialization = statement.predicate.resources, statement.predicate.serialization
    listed = {one.name: one.digest for one in resources}
    if len(listed) != len(resources):
        yield f"{SIGNATURE}: a name stands in it twice"
    if _root_digest(one.digest for one in resources) != statement.subject[0].digest.sha256:
        yield f"{SIGNATURE}: its digest of the whole is not that of its files"
    for name in sorted(set(serialization.ignore_paths) - set(NOT_COVERED)):
        yield f"{name}: the signature passes over it"
    present = {name for name in files_of(folder) if not _passed_over(name)}
    for name in sorted(listed.keys() | present):
        if name not in present:
            yield f"{name}: signed, and missing"
        elif name not in listed:
            yield f"{name}: not signed"
        elif sha256_file(folder / name) != listed[name]:
            yield f"{name}: other bytes than were signed"


def _passed_over(name: str) -> bool:
    return name.partition("/")[0] in NOT_COVERED


def _root_digest(digests: Any) -> str:
    whole = hashlib.sha256()
    for digest in digests:
        whole.update(bytes.fromhex(digest))
    return whole.hexdigest()


def _read(model: type[R], data: bytes, path: Path) -> R:
    try:
        value = strict_json.parse(data, Place(str(path)))
    except SpecshipError as error:
        raise DamagedArtifact(
            f"not a signature of a model: {error.message}", at=path, why=error.why, mend=_MEND
        ) from error
    return checked(model, value, path, mend=_MEND)


def _pem(key: EllipticCurvePublicKey) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _hash_of(key: EllipticCurvePublicKey, at: Path) -> Any:
    from cryptography.hazmat.primitives import hashes

    if key.curve.name not in _HASHES:
        raise UnusableInput(
            f"a key on {key.curve.name} signs no model", at=at, why="the format knows P-256, P-384 and P-521",
            mend="make one: specship evidence keygen --publication FILE",
        )  # fmt: skip
    return getattr(hashes, _HASHES[key.curve.name])()


def _private(path: Path) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    data = private_bytes(path)
    try:
        key = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError) as error:
        raise _no_key(path, "private") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _no_key(path, "private")
    return key


def _public(path: Path) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise _no_key(path, "public") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise _no_key(path, "public")
    return key


def _no_key(path: Path, half: str) -> UnusableInput:
    return UnusableInput(
        f"not the {half} half of an elliptic-curve key in PEM, without a password", at=path,
        why="signatures of models are made with such keys",
        mend="make a pair: specship evidence keygen --publication FILE",
    )  # fmt: skip
