from __future__ import annotations

from tutelage.curation import DEFAULT_CHECKS, PLUGINS


def test_every_default_check_is_offered() -> None:
    assert set(DEFAULT_CHECKS) < {plugin.name for plugin in PLUGINS}
