"""A metadata.parquet of BigEarthNet's size with random labels: python bench/makeMetadata.py FILE [ROWS] (pyarrow 21)."""

import random
import sys

import pyarrow
import pyarrow.parquet

classes = [
    "Urban fabric", "Industrial or commercial units", "Arable land", "Permanent crops", "Pastures",
    "Complex cultivation patterns",
    "Land principally occupied by agriculture, with significant areas of natural vegetation", "Agro-forestry areas",
    "Broad-leaved forest", "Coniferous forest", "Mixed forest", "Natural grassland and sparsely vegetated areas",
    "Moors, heathland and sclerophyllous vegetation", "Transitional woodland, shrub", "Beaches, dunes, sands",
    "Inland wetlands", "Coastal wetlands", "Inland waters", "Marine waters",
]
path, rows = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 590_326
draw = random.Random(3)
names = [
    f"S2A_MSIL2A_20170613T{100000 + i // 8100 % 235959:06d}_N9999_R022_T33UUP_{i // 90 % 90:02d}_{i % 90:02d}"
    for i in range(rows)
]
pyarrow.parquet.write_table(
    pyarrow.table(
        {
            "patch_id": names,
            "labels": [draw.sample(classes, draw.randint(1, 5)) for _ in names],
            "split": [draw.choice(["train", "train", "validation", "test"]) for _ in names],
            "country": [draw.choice(["Austria", "Portugal"]) for _ in names],
            "s1_name": names,
            "s2v1_name": names,
            "contains_seasonal_snow": [False] * rows,
            "contains_cloud_or_shadow": [False] * rows,
        }
    ),
    path,
    compression="snappy",
)
