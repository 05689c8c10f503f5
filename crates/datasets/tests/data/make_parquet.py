"""Writes molecules.parquet as pandas users would have it: python make_parquet.py (pyarrow 26.0.1)."""
import pyarrow as pa
import pyarrow.parquet as pq

rows = 300
smiles = ["C" * (1 + k % 7) + "O" for k in range(rows)]
smiles[5] = None
smiles[6] = "C(C"
smiles[7] = ""
table = pa.table(
    {
        "id": pa.array(range(rows), pa.int64()),
        "name": pa.array([f"molecule {k}" for k in range(rows)]),
        "SMILES": pa.array(smiles),
        "tags": pa.array([["a", "b"]] * rows),
    }
)
pq.write_table(table, "molecules.parquet", row_group_size=128, compression="zstd")
