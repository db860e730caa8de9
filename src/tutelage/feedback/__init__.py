"""Room."""

from tutelage.plugins import Plugin

PLUGINS: tuple[Plugin, ...] = ()
