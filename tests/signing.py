"""Signed notes and proofs as text, written as the specifications have them and with nothing of ours: what a verifier is
given."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# The test leaves of Certificate Transparency.
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]


class Signer:
    """An Ed25519 key of c2sp.org/signed-note, from a number."""

    def __init__(self, name: str, number: int = 0) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(sha256(str(number).encode()).digest())
        self.name = name
        typed = b"\x01" + self._key.public_key().public_bytes_raw()
        self._mark = sha256(name.encode() + b"\n" + typed).digest()[:4]
        self.public = f"{name}+{self._mark.hex()}+{base64.b64encode(typed).decode()}"

    @property
    def private(self) -> str:
        """The key as Go's note package writes private keys."""
        data = base64.b64encode(b"\x01" + self._key.private_bytes_raw()).decode()
        return f"PRIVATE+KEY+{self.name}+{self._mark.hex()}+{data}"

    def line(self, text: str) -> str:
        """The signature line of a text."""
        return f"— {self.name} {base64.b64encode(self._mark + self._key.sign(text.encode())).decode()}\n"

    def checkpoint(self, origin: str, size: int, root: bytes) -> str:
        """A signed checkpoint of c2sp.org/tlog-checkpoint."""
        text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        return f"{text}\n{self.line(text)}"


def tlog_proof(index: int, hashes: Sequence[bytes], checkpoint: str) -> str:
    """A proof of c2sp.org/tlog-proof."""
    lines = "".join(base64.b64encode(one).decode() + "\n" for one in hashes)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{lines}\n{checkpoint}"
