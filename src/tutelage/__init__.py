"""Tutelage turns a few gold examples, an LLM teacher and a fixed budget into a small model."""

__version__ = "0.1.0"
