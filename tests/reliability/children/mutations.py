"""Damaged files: bytes, words and branches of valid ones are changed, lost, repeated, mixed."""

import copy
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

WORDS: tuple[bytes, ...] = (
    *(b"", b"0", b"-1", b"1", b"-0.0", b"1.5", b"1e308", b"1e999", b"9" * 400, b"9" * 5000),
    *(b"9223372036854775808", b"1_000", b"0x1.8p+0", b"0x1p+99999", b"nan", b"inf", b"-inf"),
    *(b"NaN", b"Infinity", b"true", b"false", b"null", b"1979-05-27T07:32:00Z", b'""', b'"""'),
    *(b"'''", b'"', b"[", b"]", b"[[", b"]]", b"{", b"}", b"=", b",", b".", b"#", b"\n", b"\r\n"),
    *(b"\x00", b"\\u0000", b"\\ud800", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\t"),
    *("é".encode(), "😀".encode(), b"name", b"learning_rate", b"auto", b"sigmoid", b"softmax"),
    *(b"valor-framework", b"__class__", b"__import__('os').abort()", b"$(reboot)", b"../../x"),
    *(b"/etc/passwd", b"/dev/zero", b"http://localhost/", b"x" * 3000, b"[" * 3000, b"{" * 3000),
    *(b'{"a":' * 2000, b"a." * 2000),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 7, 2**31, 2**63, 10**30, -(10**400), 0.5, -0.0, 5e-324),
    *(1e308, "", "a", "0", "sigmoid", "tanh", "auto", "0x1.8p+0", "x" * 3000, "\x00", "\ud800"),
    *("é", "../../etc/passwd", "__import__('os').abort()", [], [[]], {}, {"": 0}, {"name": "x"}),
    *([0] * 50, [0.5, "a", None], {"name": 3}, {"__class__": "os.system"}),
    # What stands for something deep, which neither `copy` nor `json` could handle: see `unfolded`.
    *(f"@{kind} {depth}" for kind in "[{" for depth in (3, 50, 300, 480, 900, 980, 990, 5000)),
)


def damaged(draw: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Return a file with a few changes to its bytes and words; pieces may come from others."""
    for _ in range(1 + int(draw.expovariate(0.7))):
        content = draw.choice(_CHANGES)(draw, content, draw.choice(others))
    return content


def _span(draw: random.Random, content: bytes, longest: int = 60) -> tuple[int, int]:
    start = draw.randrange(len(content) + 1)
    return start, min(len(content), start + draw.randint(1, longest))


def _another_byte(draw: random.Random, content: bytes, other: bytes) -> bytes:
    start, _ = _span(draw, content)
    return content[:start] + draw.randbytes(1) + content[start + 1 :]


def _flipped_bit(draw: random.Random, content: bytes, other: bytes) -> bytes:
    start, _ = _span(draw, content)
    byte = content[start : start + 1]
    return content[:start] + bytes(b ^ 1 << draw.randrange(8) for b in byte) + content[start + 1 :]


def _lost(draw: random.Random, content: bytes, other: bytes) -> bytes:
    start, end = _span(draw, content)
    return content[:start] + content[end:]


def _repeated(draw: random.Random, content: bytes, other: bytes) -> bytes:
    start, end = _span(draw, content)
    return content[:start] + content[start:end] * draw.choice((2, 3, 200)) + content[end:]


def _mixed(draw: random.Random, content: bytes, other: bytes) -> bytes:
    start, end = _span(draw, content, 300)
    first, last = _span(draw, other, 300)
    return content[:start] + other[first:last] + content[draw.choice((start, end)) :]


def _cut_off(draw: random.Random, content: bytes, other: bytes) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def _another_word(draw: random.Random, content: bytes, other: bytes) -> bytes:
    words = re.findall(rb"\w+|\s+|.", content, re.DOTALL) or [b""]
    place = draw.randrange(len(words))
    words[place] = draw.choice((draw.choice(WORDS), draw.choice(words)))
    return b"".join(words)


def _one_word_more(draw: random.Random, content: bytes, other: bytes) -> bytes:
    start, _ = _span(draw, content)
    return content[:start] + draw.choice(WORDS) + content[start:]


def _lines(draw: random.Random, content: bytes, other: bytes) -> bytes:
    """Lose, repeat or move a line."""
    lines = content.splitlines(keepends=True) or [b""]
    line = lines[draw.randrange(len(lines))]
    if draw.random() < 0.6:
        lines.remove(line)
    if draw.random() < 0.6:
        lines.insert(draw.randrange(len(lines) + 1), line)
    return b"".join(lines)


_CHANGES: tuple[Callable[[random.Random, bytes, bytes], bytes], ...] = (
    *(_another_byte, _flipped_bit, _lost, _repeated, _mixed, _cut_off, _lines),
    *(_another_word, _another_word, _another_word, _one_word_more),
)


def reshaped(draw: random.Random, tree: Any) -> Any:
    """Return a document with a few branches replaced, lost, repeated, moved or renamed."""
    tree = copy.deepcopy(tree)
    for _ in range(1 + int(draw.expovariate(1.0))):
        places = _places(tree)
        if not places:
            break
        owner, key = draw.choice(places)
        change = draw.randrange(8)
        if change <= 2:
            owner[key] = _near(draw, owner[key])
        elif change <= 4:
            owner[key] = copy.deepcopy(draw.choice(VALUES))
        elif change == 5:
            other, place = draw.choice(places)
            owner[key] = copy.deepcopy(other[place])
        elif change == 6:
            del owner[key]
        elif isinstance(owner, dict):
            owner[draw.choice(("", "extra", "name", "x" * 300, *owner))] = owner.pop(key)
        else:
            owner.insert(key, copy.deepcopy(owner[key]))
    return tree


def unfolded(text: str, separator: str) -> str:
    """Return the text of a document with what is deep written out.

    Args:
        text: the document, in JSON or TOML.
        separator: what stands between a key and its value.
    """

    def written(match: re.Match[str]) -> str:
        depth = int(match[2])
        if match[1] == "[":
            return "[" * depth + "]" * depth
        return f'{{"a"{separator}' * depth + "0" + "}" * depth

    return re.sub(r'"@([\[{]) (\d+)"', written, text)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Return where the values of a document stand."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        owner = waiting.pop()
        if isinstance(owner, (dict, list)):
            keys = list(owner) if isinstance(owner, dict) else range(len(owner))
            found += [(owner, key) for key in keys]
            waiting += [owner[key] for key in keys]
    return found


def _near(draw: random.Random, value: Any) -> Any:
    """Return a value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + draw.choice((-2, -1, 1, 2, 1000))
    if isinstance(value, float):
        return draw.choice((-value, value * 1.5, value + 1.0, 0.0, value * 1e300))
    if isinstance(value, str):
        return draw.choice((value + "x", value[:-1], value.upper(), value[::-1]))
    if isinstance(value, list):
        return draw.choice((value[::-1], value[1:], value + value[:1], value * 2))
    return draw.choice(VALUES)


def without_none(tree: Any) -> Any:
    """Return a document for a format that has no None."""
    for owner, key in reversed(_places(tree)):
        if owner[key] is None:
            owner[key] = "null"
    return tree
