"""Who is train, pool, dev and test: by the hash of what a row says, never by where it stands.

Two ways, for two aims.

*Carving* (`carve`) compares each row's hash with the shares. A row's side follows from the row
alone, so neither reordering the file nor adding rows next month turns a test row into a train row,
and equal texts always fall on one side. The price is that sizes vary as a binomial does (1,000 rows
at 20 %: 200, give or take 13); only a label that would be missing on a side is helped out.

*Dealing* (`deal`, `draw`) ranks the rows of each label by hash and takes exact numbers. Order still
does not matter, but added rows can move others. That is right for folds, where each row is test
once whatever its fold, and for drawing exactly so many rows.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tutelage.gold.fingerprints import fold, text_key
from tutelage.records import Example


def unit_interval(seed: int, purpose: str, key: bytes) -> float:
    """A number in [0, 1) that depends on nothing but the arguments: 53 bits of BLAKE2b."""
    digest = hashlib.blake2b(
        key, digest_size=8, salt=seed.to_bytes(8, "little", signed=True), person=purpose.encode()
    ).digest()
    return float((int.from_bytes(digest, "little") >> 11) * 2.0**-53)


@dataclass(frozen=True)
class _Group:
    """Rows that must stay together: equal texts, or equal values of the `by` column."""

    rows: tuple[int, ...]
    """Positions."""
    label: str
    """The most frequent label of the rows."""
    place: float
    """Where the hash puts the group, 0 to 1."""


def carve(
    rows: Sequence[Example],
    shares: Mapping[str, float],
    *,
    seed: int,
    by: str = "",
    purpose: str = "carve",
) -> dict[str, list[Example]]:
    """Split `rows` into the roles of `shares` and `train`, in their order.

    Args:
        rows: Labelled rows.
        shares: Share of the rows by role, without train; together below 1.
        seed: The gold split seed.
        by: Field or tag whose equal values stay together; equal texts do in any case.
        purpose: Another purpose gives an independent split; at most 16 bytes.

    Returns:
        Rows by role; `train` has what is left.

    Each label that is expected at least once on a side stands there at least once, as far as it has
    groups to give: the group whose hash is nearest to the side is moved.
    """
    groups = _groups(rows, seed=seed, purpose=purpose, by=by)
    edges: list[tuple[str, float]] = []
    top = 0.0
    for role, share in shares.items():
        if share > 0:
            top += share
            edges.append((role, top))
    sides = [next((role for role, edge in edges if g.place < edge), "train") for g in groups]
    _help_out(groups, sides, {role: share for role, share in shares.items() if share > 0})
    side_of = {i: side for g, side in zip(groups, sides, strict=True) for i in g.rows}
    split: dict[str, list[Example]] = {role: [] for role in (*shares, "train")}
    for i, row in enumerate(rows):
        split[side_of[i]].append(row)
    return split


def _help_out(groups: Sequence[_Group], sides: list[str], shares: Mapping[str, float]) -> None:
    """Give each side at least one group of each label that it should have, from train; then train
    one of each label, from the side with the most."""
    by_label: dict[str, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        by_label[group.label].append(i)
    for label in sorted(by_label):
        members = sorted(by_label[label], key=lambda i: groups[i].place)
        size = sum(len(groups[i].rows) for i in members)
        for role, share in shares.items():
            donors = [i for i in members if sides[i] == "train"]
            if len(donors) > 1 and size * share >= 1 and not _has(members, sides, role):
                sides[donors[0]] = role
        if len(members) > 1 and not _has(members, sides, "train"):
            fullest = Counter(sides[i] for i in members).most_common(1)[0][0]
            sides[max(i for i in members if sides[i] == fullest)] = "train"


def _has(members: Sequence[int], sides: Sequence[str], role: str) -> bool:
    return any(sides[i] == role for i in members)


def deal(
    rows: Sequence[Example], count: int, *, seed: int, by: str = ""
) -> tuple[list[Example], ...]:
    """Split `rows` into `count` folds in which each label is as even as its groups allow.

    Each row is in exactly one fold; equal texts and equal values of `by` share one.
    """
    groups = _groups(rows, seed=seed, purpose="folds", by=by)
    fold_of: dict[int, int] = {}
    of_label: dict[str, list[int]] = defaultdict(lambda: [0] * count)
    total = [0] * count
    for group in sorted(groups, key=lambda g: (g.label, -len(g.rows), g.place)):
        sizes = of_label[group.label]
        to = min(range(count), key=lambda k: (sizes[k], total[k], k))
        sizes[to] += len(group.rows)
        total[to] += len(group.rows)
        fold_of.update(dict.fromkeys(group.rows, to))
    return tuple([row for i, row in enumerate(rows) if fold_of[i] == k] for k in range(count))


def draw(rows: Sequence[Example], count: int, *, seed: int, purpose: str = "draw") -> list[Example]:
    """Exactly `count` rows (all, where there are fewer), stratified by label, in their order.

    Each label gets its share by largest remainder, at least one row where `count` allows, and gives
    the rows that its hashes rank first: a smaller draw of the same seed is nearly always a subset
    of a larger one.
    """
    if count >= len(rows):
        return list(rows)
    ranked: dict[str, list[tuple[float, str, int]]] = defaultdict(list)
    for i, row in enumerate(rows):
        place = unit_interval(seed, purpose, text_key(row.fields))
        ranked[_stratum(row)].append((place, row.id, i))
    quota = _quotas({label: len(found) for label, found in ranked.items()}, count)
    chosen = {i for label, found in ranked.items() for _, _, i in sorted(found)[: quota[label]]}
    return [row for i, row in enumerate(rows) if i in chosen]


def draw_share(
    rows: Sequence[Example], share: float, *, seed: int, purpose: str = "draw"
) -> list[Example]:
    """The nearest whole number of rows to `share` of them, at least one, in their order.

    One row of each label comes first, the commonest label first; then each label gives its rows, as
    the hashes of its texts rank them, at even steps. A larger share of the same seed therefore
    always holds the smaller one, and any share is as even over the labels as whole rows allow.
    """
    ranked: dict[str, list[tuple[float, str, int]]] = defaultdict(list)
    for i, row in enumerate(rows):
        place = unit_interval(seed, purpose, text_key(row.fields))
        ranked[_stratum(row)].append((place, row.id, i))
    turns: list[tuple[float, float, str, int]] = []
    for label, found in ranked.items():
        for rank, (_, _, i) in enumerate(sorted(found)):
            step = (rank + 0.5) / len(found) if rank else 0.0
            turns.append((step, -len(found), label, i))
    count = max(1, int(share * len(rows) + 0.5))
    chosen = {i for *_, i in sorted(turns)[:count]}
    return [row for i, row in enumerate(rows) if i in chosen]


def _quotas(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """Rows by label: largest remainder, each label at least one where there are enough to go round.

    >>> _quotas({"a": 90, "b": 9, "c": 1}, 10)
    {'a': 8, 'b': 1, 'c': 1}
    """
    total = sum(sizes.values())
    least = 1 if count >= len(sizes) else 0
    exact = {label: count * size / total for label, size in sizes.items()}
    quota = {label: max(least, int(share)) for label, share in exact.items()}
    while sum(quota.values()) > count:
        quota[max((q - exact[label], label) for label, q in quota.items() if q > least)[1]] -= 1
    while sum(quota.values()) < count:
        open_ = (label for label in sizes if quota[label] < sizes[label])
        quota[max(open_, key=lambda label: (exact[label] - quota[label], label))] += 1
    return quota


def _groups(rows: Sequence[Example], *, seed: int, purpose: str, by: str) -> list[_Group]:
    """Groups in the order of their hash."""
    found: dict[bytes, list[int]] = defaultdict(list)
    for i, key in enumerate(_keys(rows, by)):
        found[key].append(i)
    groups = []
    for key, members in found.items():
        labels = Counter(_stratum(rows[i]) for i in members)
        label = min(labels, key=lambda name: (-labels[name], name))
        groups.append(_Group(tuple(members), label, unit_interval(seed, purpose, key)))
    return sorted(groups, key=lambda g: g.place)


def _keys(rows: Sequence[Example], by: str) -> list[bytes]:
    """What holds rows together: their text and, with `by`, their value of that field or tag.

    Two values that share a text are one group, named by the least of their keys, so that equal
    texts never stand on both sides.
    """
    texts = [text_key(row.fields) for row in rows]
    if not by:
        return texts
    values = [row.fields.get(by) or row.tags.get(by) for row in rows]
    keys = [
        text_key({by: value}) if value else text for value, text in zip(values, texts, strict=True)
    ]
    parent = {key: key for key in keys}

    def root(key: bytes) -> bytes:
        while parent[key] != key:
            parent[key] = key = parent[parent[key]]
        return key

    first: dict[bytes, bytes] = {}
    for key, text in zip(keys, texts, strict=True):
        low, high = sorted((root(key), root(first.setdefault(text, key))))
        parent[high] = low
    return [root(key) for key in keys]


def _stratum(row: Example) -> str:
    """Rows of one answer are spread alike; a multi-label row counts under all its labels."""
    if row.labels is not None:
        return "\x1f".join(row.labels)
    return fold(row.label or "")
