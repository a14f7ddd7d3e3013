"""Keys and signed notes are those of C2SP signed-note and of Go's note package, byte for byte."""

from __future__ import annotations

from base64 import b64decode

import pytest

from api import notes
from api.notes import BadKey, SigningKey, VerifierKey

# The example of golang.org/x/mod/sumdb/note, the format's first implementation: its documentation has these texts.
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = (
    TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of c2sp.org/signed-note. Its key is not published, so only the form can be compared.
C2SP_TEXT = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n"
C2SP_LINE = (
    "— quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)


def test_the_example_of_the_reference_implementation() -> None:
    """Its private key has the published verifier key, and signs the published text with the published bytes."""
    key = notes.parse(PRIVATE)
    assert isinstance(key, SigningKey)
    assert str(key.verifier) == VERIFIER
    assert key.private_text() == PRIVATE
    assert notes.sign(TEXT, [key]) == SIGNED
    assert notes.parse(VERIFIER) == key.verifier == notes.verifier_of(key)


def test_the_example_of_the_specification() -> None:
    """Its parts, put together here, are the line that the specification shows; its text is one that can be signed."""
    raw = b64decode(C2SP_LINE.split(" ")[2])
    assert len(raw) == 4 + 64

    class Salvatore(VerifierKey):
        id = raw[:4]  # type: ignore[assignment]

    assert notes.signature_line(Salvatore("quasimodo.example/salvatore", b""), raw[4:]) == C2SP_LINE
    assert notes.sign(C2SP_TEXT, []) == f"{C2SP_TEXT}\n"


def test_several_keys_sign_one_text() -> None:
    """Each has its line, in order, below the same text."""
    first, second = notes.new_key("record.example.org/log"), notes.new_key("record.example.org/log")
    assert first.verifier.id != second.verifier.id
    alone = [notes.sign(TEXT, [key]).removeprefix(f"{TEXT}\n") for key in (first, second)]
    assert notes.sign(TEXT, [first, second]) == f"{TEXT}\n{alone[0]}{alone[1]}"


@pytest.mark.parametrize("text", ["no line feed", "a carriage\r\n", "NUL\0\n", ""])
def test_a_text_that_no_note_can_have(text: str) -> None:
    """It is not signed."""
    with pytest.raises(ValueError, match="line feed"):
        notes.sign(text, [notes.new_key("log")])


@pytest.mark.parametrize("known", [PRIVATE, VERIFIER], ids=["private", "verifier"])
def test_a_key_with_one_wrong_character_is_none(known: str) -> None:
    """Cut off or mistyped anywhere, it is refused, and the sentence does not show it."""
    start = len("PRIVATE+KEY+") if known == PRIVATE else 0
    changed = [known[:i] + chr(ord(known[i]) ^ 1) + known[i + 1 :] for i in range(start, len(known))]
    for text in [*changed, *(known[:i] for i in range(len(known))), f"{known}=", f"{known} ", known[1:]]:
        with pytest.raises(BadKey) as refused:
            notes.parse(text)
        assert known[-20:-1] not in str(refused.value)


def test_a_key_of_another_kind_is_none() -> None:
    """Only Ed25519 is taken, also where the id fits."""
    with pytest.raises(BadKey, match="not an Ed25519 key"):
        notes.parse("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\u00a0b", "a\nb"])
def test_a_name_that_no_key_can_have(name: str) -> None:
    """White space and plus signs would be ambiguous in a note."""
    with pytest.raises(BadKey, match="no spaces"):
        notes.new_key(name)


def test_a_private_key_is_not_shown() -> None:
    """What is printed of it by mistake does not sign."""
    key = notes.new_key("log")
    assert key.seed.hex() not in repr(key) and repr(key.seed) not in repr(key)
