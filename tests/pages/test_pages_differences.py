"""In which words two texts differ."""

from __future__ import annotations

from api.pages.differences import between, compared, marked


def test_versions_mark_what_went_and_what_came() -> None:
    """Only the words that changed are marked, in both versions."""
    assert compared("It is voluntary for all.", "It is mandatory for all.") == (
        "It is <del>voluntary</del> for all.",
        "It is <ins>mandatory</ins> for all.",
    )


def test_texts_mark_the_words_that_the_other_lacks() -> None:
    """Case and accents make no difference, and neighbouring words share a mark."""
    assert marked("No county may opt out of it.", "A County may decline it at once.") == (
        "<mark>No</mark> county may <mark>opt out of</mark> it.",
        "<mark>A</mark> County may <mark>decline</mark> it <mark>at once</mark>.",
    )


def test_texts_without_a_common_word_have_no_marks() -> None:
    """Where all of it differs, marks would say nothing."""
    assert marked("Yes, always", "Never") == ("Yes, always", "Never")


def test_what_differs_is_escaped() -> None:
    """Markup in a text is text, marked or not."""
    assert compared("<b>x", "<i>x") == ("&lt;<del>b</del>&gt;x", "&lt;<ins>i</ins>&gt;x")
    assert "<script" not in "".join(marked("<script>a b c</script>", "b c <script>"))


def test_texts_too_long_to_compare_are_shown_whole() -> None:
    """Twice 10,000 characters of other words cost no more than their length."""
    before, after = compared("a " * 5_000, "b " * 5_000)
    assert before.count("<del>") == 1 and after.count("<ins>") == 1


def test_members_that_differ_are_named() -> None:
    """Only those of them; an attribution and a source are told by their parts."""
    before = {"text": "a", "attribution": {"speaker": "x", "role": None}, "tags": [], "revision": 1}
    after = {"text": "a", "attribution": {"speaker": "x", "role": "chair"}, "tags": ["memo"], "revision": 2}
    found = between(before, after)
    assert [(change.name, change.before, change.after) for change in found] == [
        ("attribution", "x", "x<ins>\nchair</ins>"),
        ("tags", "", "<ins>memo</ins>"),
    ]
