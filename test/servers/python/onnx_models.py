"""Writes ONNX models with the rows that were asked and what onnxruntime answers in Python, to the folder argv[1]."""
import json
import os
import sys

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import pandas as pd

FOLDER = sys.argv[1]


def keep(name, model, feeds, rows, columns):
    """`feeds` is what Python gives to onnxruntime, `rows` the same as JSON for the server."""
    path = os.path.join(FOLDER, name)
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, "model.onnx"), "wb") as file:
        file.write(model.SerializeToString())
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    found = dict(zip(outputs, session.run(None, feeds)))
    first = np.asarray(found[outputs[0]])
    shares = found.get("probabilities")
    answers = first.reshape(len(rows), -1).tolist()
    with open(os.path.join(path, "expected.json"), "w") as file:
        json.dump(
            {
                "columns": columns,
                "rows": rows,
                "predictions": [row[0] if len(row) == 1 else row for row in answers],
                "probabilities": None if shares is None else np.asarray(shares).tolist(),
            },
            file,
        )


iris = load_iris()
X = iris.data.astype(np.float32)
forest = RandomForestClassifier(10, random_state=0).fit(X, iris.target)
onnx = to_onnx(forest, X[:1], options={"zipmap": False})
keep("forest", onnx, {"X": X}, X.tolist(), [f"f{i}" for i in range(4)])

names = iris.target_names[iris.target]
words = LogisticRegression(max_iter=500).fit(X, names)
keep("words", to_onnx(words, X[:1], options={"zipmap": False}), {"X": X}, X.tolist(), [f"f{i}" for i in range(4)])

diabetes = load_diabetes()
D = diabetes.data.astype(np.float32)
two = LinearRegression().fit(D, np.stack([diabetes.target, -diabetes.target], axis=1))
keep("two_outputs", to_onnx(two, D[:1]), {"X": D[:50]}, D[:50].tolist(), [f"f{i}" for i in range(10)])

table = pd.DataFrame({"colour": ["red", "blue", "red", "green"] * 5, "size": [1, 5, 2, 9] * 5, "w": [0.5, 1.5, 0.1, 2.0] * 5})
y = [0, 1, 0, 1] * 5
mixed = make_pipeline(
    ColumnTransformer([("c", OneHotEncoder(), ["colour"])], remainder="passthrough"), LogisticRegression()
).fit(table, y)
types = [
    ("colour", StringTensorType([None, 1])),
    ("size", Int64TensorType([None, 1])),
    ("w", FloatTensorType([None, 1])),
]
model = to_onnx(mixed, initial_types=types, options={"zipmap": False})
feeds = {
    "colour": table[["colour"]].to_numpy().astype(str).astype(object),
    "size": table[["size"]].to_numpy().astype(np.int64),
    "w": table[["w"]].to_numpy().astype(np.float32),
}
keep("columns", model, feeds, table.to_dict(orient="split")["data"], ["colour", "size", "w"])
print("written")
