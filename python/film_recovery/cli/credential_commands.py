"""Content Credentials: ``credentials``. Its options; what it does stands in ``cli/credentials.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import HERE, Json, app, guarded
from film_recovery.cli.report import Report


@app.command()
def credentials(
    files: Annotated[list[Path], typer.Argument(help="A review movie, stills: MP4, MOV, PNG, JPEG, TIFF.")],
    masters: Annotated[
        Path, typer.Option("--masters", help="Their project, the masters' folder, or its provenance sidecar.")
    ] = HERE,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="Your certificates, PEM, your own first.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Your private key, PEM (PKCS #8).")] = None,
    algorithm: Annotated[
        str, typer.Option(help="es256, es384, es512, ps256, ps384, ps512 or ed25519.")
    ] = "es256",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of the signed copies; by default the one that deliver packs."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Read the credentials, and hold them against the masters.")
    ] = False,
    trust: Annotated[
        Path | None, typer.Option("--trust", help="With --check: root certificates that you trust, PEM.")
    ] = None,
    json: Json = False,
) -> None:
    """Signs copies of what people look at with your certificate (C2PA), bound to the masters by their hashes."""
    from film_recovery.cli import credentials as work
    from film_recovery.errors import UsageError
    from film_recovery.provenance.credentials import Certificate

    def run() -> int:
        if check:
            return work.check(report, files, masters, trust)
        if certificate is None or key is None:
            raise UsageError("Signing needs a certificate and its key.", remedy="give --certificate, --key")
        return work.sign(report, files, masters, Certificate(certificate, key, algorithm), out)

    with Report(json) as report:
        guarded(report, run)
