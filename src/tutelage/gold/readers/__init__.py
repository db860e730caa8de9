"""One small file for each kind of file: bytes in, numbered rows of cells out, lazily."""
