"""Reads a model file of kfp-ts and predicts a CSV of features with it: `read_model.py MODEL.json FEATURES.csv`, JSON on stdout.

Needs nothing but Python's own library, as documented in components/model/README.md.
"""

import base64
import csv
import json
import struct
import sys
from collections import Counter

LEAF = 0xFFFF
CODES = {"<u4": "I", "<u2": "H", "<f8": "d"}


def load(path):
    with open(path) as file:
        model = json.load(file)
    forest = {}
    for name in ("roots", "feature", "threshold", "next", "distributions"):
        stored = model["forest"][name]
        data = base64.b64decode(stored["base64"])
        code = CODES[stored["type"]]
        forest[name] = struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data)
    return model, forest


def predict(model, forest, row):
    classes = len(model["classes"])
    votes = Counter()
    for node in forest["roots"]:
        while forest["feature"][node] != LEAF:
            goes_left = row[forest["feature"][node]] < forest["threshold"][node]
            node = node + 1 if goes_left else forest["next"][node]
        start = forest["next"][node] * classes
        shares = forest["distributions"][start : start + classes]
        votes[shares.index(max(shares))] += 1
    return model["classes"][votes.most_common(1)[0][0]]


if __name__ == "__main__":
    model, forest = load(sys.argv[1])
    with open(sys.argv[2], newline="") as file:
        rows = [[float(row[name]) for name in model["features"]] for row in csv.DictReader(file)]
    json.dump([predict(model, forest, row) for row in rows], sys.stdout)
