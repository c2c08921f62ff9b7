"""Makes the signed files of tests/filters/images/signed: another implementation wrote their boxes.

Run it from the folder `tests`, in an environment with c2pa-python, cryptography, Pillow, PyAV and
numpy: `python -m support.sign_images`. The certificates are made here and never used again.
"""

import datetime
import io
import json
from pathlib import Path

import av
import c2pa  # type: ignore[import-not-found, unused-ignore]
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

FOLDER = Path(__file__).parents[1] / "filters/images/signed"
FORMATS = {
    "jpg": ("JPEG", "image/jpeg"),
    "tif": ("TIFF", "image/tiff"),
    "webp": ("WEBP", "image/webp"),
    "gif": ("GIF", "image/gif"),
    "avif": ("AVIF", "image/avif"),
    "mp4": ("", "video/mp4"),
}
_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
MANIFEST = {
    "claim_generator_info": [{"name": "test", "version": "1"}],
    "assertions": [
        {
            "label": "cawg.training-mining",
            "data": {"entries": {"cawg.ai_training": {"use": "notAllowed"}}},
        },
        {
            "label": "c2pa.actions",
            "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": _SOURCE}]},
        },
    ],
}
_DAY = datetime.timedelta(days=1)
_NOT = dict.fromkeys(
    (
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


def certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey
) -> bytes:
    """Return a certificate; its issuer is itself, or an authority."""
    is_authority = name == issuer
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer)]
    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        **_NOT,
    )
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    of_signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    made = (
        x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 3650 * _DAY)
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(purpose, critical=not is_authority)
        .add_extension(of_signer, critical=False)
        .sign(signer, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def plain(kind: str) -> bytes:
    """Return a small file without credentials."""
    file = io.BytesIO()
    if kind:
        Image.new("RGB", (40, 30), (200, 30, 60)).save(file, kind)
        return file.getvalue()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), "rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def main() -> None:
    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain = certificate("leaf", leaf, "root", root) + certificate("root", root, "root", root)
    key = leaf.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=key, ta_url=None)
    for extension, (kind, mime) in FORMATS.items():
        builder = c2pa.Builder.from_json(json.dumps({**MANIFEST, "format": mime}))
        signed = io.BytesIO()
        builder.sign(c2pa.Signer.from_info(info), mime, io.BytesIO(plain(kind)), signed)
        assert json.loads(c2pa.Reader(mime, signed).json())["validation_state"] == "Valid"
        (FOLDER / f"refused.{extension}").write_bytes(signed.getvalue())


if __name__ == "__main__":
    main()
