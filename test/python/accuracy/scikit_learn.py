"""The other side of the accuracy comparison: scikit-learn on the very files that our side learned from.

Reads a JSON list of jobs on stdin, each {"train", "test", "target", "seed", "trees", "max_depth", "max_features"} with paths of
CSV files of numbers, and prints a JSON list of results.
"""

import csv
import json
import sys
import time

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score


def read(path, target):
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    at = header.index(target)
    features = np.array([[float(v) for i, v in enumerate(row) if i != at] for row in rows])
    return features, [row[at] for row in rows]


def run(job):
    features, labels = read(job["train"], job["target"])
    started = time.perf_counter()
    forest = RandomForestClassifier(
        n_estimators=job["trees"],
        max_depth=job["max_depth"],
        max_features=job["max_features"],
        random_state=job["seed"],
    ).fit(features, labels)
    seconds = time.perf_counter() - started
    unseen, truth = read(job["test"], job["target"])
    scores = forest.predict_proba(unseen)
    result = {"accuracy": forest.score(unseen, truth), "seconds": seconds}
    if len(forest.classes_) == 2:
        result["auc"] = roc_auc_score([t == forest.classes_[1] for t in truth], scores[:, 1])
    return result


def judge(job):
    """Metrics of given predictions, by scikit-learn."""
    classes = job["classes"]
    truth, predicted = job["truth"], job["predicted"]
    precision, recall, f1, _ = precision_recall_fscore_support(truth, predicted, labels=classes, zero_division=0)
    return {
        "confusion": confusion_matrix(truth, predicted, labels=classes).tolist(),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "auc": roc_auc_score([t == classes[1] for t in truth], job["scores"]) if "scores" in job else None,
    }


json.dump([judge(job) if "truth" in job else run(job) for job in json.load(sys.stdin)], sys.stdout)
