"""Shipped runs, one YAML each; `tutelage recipes` lists them."""
