"""Parquet, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tutelage.gold.data_faults import DataFaults
from tutelage.gold.readers.cells import RawRow
from tutelage.recipe import SourceSpec

_BATCH = 1024


def read_parquet(path: Path, spec: SourceSpec, faults: DataFaults) -> Iterator[RawRow]:
    """Rows of a parquet file, numbered from 1."""
    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH):
                for cells in batch.to_pylist():
                    number += 1
                    yield RawRow(number, cells)
    except (pa.ArrowException, OSError) as e:
        raise faults.fail(
            f"The file cannot be read as parquet: {e}.", do="Fetch or write it again."
        ) from e
