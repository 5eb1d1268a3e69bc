"""Content Credentials (C2PA) of what people look at: a review movie, stills. Signed with the user's own certificate.

A credential says of a picture what the masters' headers say of them, and names the masters' provenance by its SHA-256:
the sidecar, which holds the SHA-256 of every EXR, so that the frames, which carry no credential of their own, are bound
by it. The package is optional. Nothing is asked of any network: no time stamp, no status of a certificate.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from film_recovery import __version__
from film_recovery._files import explained, read_text, temporary_prefix
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.provenance.sealing import content_hash, read_seal
from film_recovery.provenance.source_types import source_type

if TYPE_CHECKING:
    from film_recovery.provenance.sealing import Seal

ALGORITHMS = ("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")
ORIGIN = "org.film-recovery.origin"  # the label of our assertion
_LIMIT = 1 << 20  # bytes of a certificate chain or a key
_UNTRUSTED = "signingCredential.untrusted"
_QUIET: Mapping[str, Any] = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}


@dataclass(frozen=True)
class Certificate:
    """PEM files: ``chain``, the signer's certificate first; ``key``, PKCS #8, without a password."""

    chain: Path
    key: Path
    algorithm: str = "es256"


@dataclass(frozen=True)
class Credential:
    """What a file's credential says, and whether it holds.

    ``problems``: of the file or its signature, in C2PA's own words; empty where it is as it was signed. ``trusted``:
    whether the chain ends in one of the roots that were given. ``origin``: as in the masters' headers. ``provenance``:
    SHA-256 of the masters' sidecar; ``masters``: over the list of their hashes (``Seal.digest``).
    """

    signed_by: str
    problems: tuple[str, ...]
    trusted: bool
    origin: Mapping[str, str]
    provenance: str
    masters: str


def sign(file: Path, out: Path, sidecar: Path, certificate: Certificate) -> Path:
    """Writes ``file`` with its credential as ``out``, a new file, whole or not at all; ``file`` is only read.

    ``sidecar``: the masters' provenance (JSON). Raises CheckFailed where nobody chose a source type,
    FilmRecoveryError naming the certificate, or a file that cannot carry a credential or is there already.
    """
    library = _library()
    seal = read_seal(sidecar)
    if not seal.origin.source_type:
        raise CheckFailed(
            "Nobody has chosen what the masters are said to be (IPTC's Digital Source Type).",
            remedy="film-recovery deliver --terms shows the terms; write yours to delivery.source_type in "
            "project.yaml, and run and deliver again",
            file=str(sidecar),
        )
    if out.exists():
        raise FilmRecoveryError(
            "A file is there already.", remedy="choose another folder, or move it away", file=str(out)
        )
    manifest = json.dumps(_manifest(file, seal, sidecar))
    signer = _signer(library, certificate)
    with explained(out.parent, "made"):
        out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.parent / f"{temporary_prefix()}{secrets.token_hex(6)}{file.suffix}"
    try:
        with library.Builder(manifest, context=_context(library)) as builder:
            builder.sign_file(str(file), str(temporary), signer)
        with explained(out, "written"):
            os.replace(temporary, out)
    except library.C2paError as error:
        raise _refused(file, certificate, error) from error
    finally:
        signer.close()
        temporary.unlink(missing_ok=True)
    return out


def read(file: Path, roots: Path | None = None) -> Credential | None:
    """The credential in ``file``, None where it has none. ``roots``: PEM certificates that are trusted."""
    library = _library()
    trust = {"trust": {"user_anchors": _pem(roots)}} if roots else {}
    with explained(file, "read"), file.open("rb"):
        pass
    try:
        with library.Reader(str(file), context=_context(library, trust)) as reader:
            told = json.loads(reader.json())
    except library.C2paError as error:
        if "ManifestNotFound" in type(error).__name__ or str(error).startswith("ManifestNotFound"):
            return None
        raise FilmRecoveryError(
            f"Its credential cannot be read: {error}.", remedy="fetch the file again", file=str(file)
        ) from error
    return _credential(told)


def disagreement(found: Credential, sidecar: Path) -> str:
    """How the credential differs from the masters' provenance as it is now; empty where it names exactly this."""
    if found.provenance == content_hash(sidecar):
        return ""
    if found.masters == read_seal(sidecar).digest:
        return f"The masters are those it names, but {sidecar.name} says something else of them."
    return f"It names other masters than {sidecar.name}, or these have changed."


def _manifest(file: Path, seal: Seal, sidecar: Path) -> dict[str, Any]:
    made = {"action": "c2pa.created", "digitalSourceType": source_type(seal.origin.source_type).uri}
    masters = {
        "provenance": sidecar.name,
        "sha256": content_hash(sidecar),
        "frames": len(seal.frames),
        "range": seal.frame_range,
        "list_sha256": seal.digest,
    }
    return {
        "title": file.name,
        "claim_generator_info": [{"name": "Film Recovery", "version": __version__}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [made]}},
            {"label": ORIGIN, "data": {"origin": seal.origin.header(), "masters": masters}},
        ],
    }


def _credential(told: Mapping[str, Any]) -> Credential:
    active = told.get("manifests", {}).get(told.get("active_manifest"), {})
    assertions = {one.get("label"): one.get("data") for one in active.get("assertions", ())}
    ours = assertions.get(ORIGIN)
    said = ours if isinstance(ours, Mapping) else {}
    codes = [str(one.get("code")) for one in told.get("validation_status") or ()]
    masters = said.get("masters")
    named = masters if isinstance(masters, Mapping) else {}
    origin = said.get("origin")
    return Credential(
        signed_by=str(active.get("signature_info", {}).get("issuer", "")),
        problems=tuple(code for code in codes if code != _UNTRUSTED),
        trusted=_UNTRUSTED not in codes,
        origin={str(k): str(v) for k, v in origin.items()} if isinstance(origin, Mapping) else {},
        provenance=str(named.get("sha256", "")),
        masters=str(named.get("list_sha256", "")),
    )


def _signer(library: Any, certificate: Certificate) -> Any:
    if certificate.algorithm not in ALGORITHMS:
        raise FilmRecoveryError(
            f"{certificate.algorithm} is no algorithm of C2PA.",
            remedy=f"choose one of {', '.join(ALGORITHMS)}",
        )
    chain, key = _pem(certificate.chain), _pem(certificate.key)
    try:
        return library.Signer.from_info(
            library.C2paSignerInfo(certificate.algorithm, chain.encode(), key.encode(), None)
        )
    except library.C2paError as error:
        raise _refused(certificate.chain, certificate, error) from error


def _pem(file: Path) -> str:
    text = read_text(file, _LIMIT)
    if "-----BEGIN " not in text:
        raise FilmRecoveryError(
            "This is no PEM file.", remedy="give certificates and key as PEM", file=str(file)
        )
    if "ENCRYPTED" in text:
        raise FilmRecoveryError(
            "The key is locked with a password.",
            remedy="give a copy without one, and delete it afterwards",
            file=str(file),
        )
    return text


def _refused(file: Path, certificate: Certificate, error: Exception) -> FilmRecoveryError:
    """What the library says, in the operator's terms: the certificate, the kind of file, or the file itself."""
    text = str(error)
    if text.startswith(("Signature", "Other: COSE", "Verify")):
        return FilmRecoveryError(
            f"The certificate does not sign: {text.partition(': ')[2] or text}.",
            remedy=f"give a chain with its own key, made for signing documents, and its --algorithm (now "
            f"{certificate.algorithm}); a certificate that signed itself is refused",
            file=str(certificate.chain),
        )
    if text.startswith("NotSupported"):
        return FilmRecoveryError(
            "This kind of file carries no credential.",
            remedy="give MP4, MOV, PNG, JPEG or TIFF; EXR masters are bound by their hashes",
            file=str(file),
        )
    return FilmRecoveryError(f"It cannot be signed: {text}.", remedy="check the file", file=str(file))


def _context(library: Any, more: Mapping[str, Any] | None = None) -> Any:
    return library.Context(library.Settings.from_dict({**_QUIET, **(more or {})}))


def _library() -> Any:
    """The optional package. Raises FilmRecoveryError where it is not installed."""
    try:
        import c2pa
    except ImportError as error:
        raise FilmRecoveryError(
            "Content Credentials need the package c2pa-python, which is not installed.",
            remedy="pip install film-recovery[credentials]",
        ) from error
    return c2pa
