"""A whole study: arms, grid and seeds under one budget; then the sealed test, once."""
