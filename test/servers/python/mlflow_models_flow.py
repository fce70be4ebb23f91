"""The traced sequences of models and files (apis.md 2.5), by the unmodified client that is installed, against argv[1]."""
import os
import sys
import tempfile
import time

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from sklearn.linear_model import LogisticRegression

mlflow.set_tracking_uri(sys.argv[1])
MAJOR = int(mlflow.__version__.split(".")[0])
client = MlflowClient()
name = f"models-{time.time()}".replace(".", "_")
X, y = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]}), [0, 0, 1, 1]
model = LogisticRegression().fit(X, y)
where = (lambda path: {"name": path}) if MAJOR >= 3 else (lambda path: {"artifact_path": path})

# No set_experiment: experiment "0" is assumed to exist.
with mlflow.start_run() as plain:
    mlflow.log_metric("late", 1.0, synchronous=False).wait()
    mlflow.log_metrics({"x": 1.0, "y": 2.0}, step=3, synchronous=False).wait()
    mlflow.log_params({"p": 1}, synchronous=False).wait()
assert plain.info.experiment_id == "0"
assert client.get_run(plain.info.run_id).data.metrics == {"late": 1.0, "x": 1.0, "y": 2.0}

experiment_id = client.create_experiment(name, tags={"team": "a"})
made = client.create_run(experiment_id, tags={"from": "client"}, run_name="by hand")
now = int(time.time() * 1000)
client.log_batch(
    made.info.run_id,
    metrics=[Metric(f"m{i}", float(i), now, i) for i in range(500)],
    params=[Param(f"p{i}", str(i)) for i in range(100)],
    tags=[RunTag("t", "1")],
)
client.delete_tag(made.info.run_id, "from")
client.update_run(made.info.run_id, status="RUNNING", name="renamed")
client.set_terminated(made.info.run_id, "FAILED")
found = client.get_run(made.info.run_id)
assert (found.info.status, found.info.run_name, len(found.data.params)) == ("FAILED", "renamed", 100), found
assert "from" not in found.data.tags

# Files in all the ways to get them.
mlflow.set_experiment(name)
with mlflow.start_run() as run:
    run_id = run.info.run_id
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "in ner"))
        for path, text in (("a.txt", "one"), ("in ner/ü 1.txt", "two"), ("empty", "")):
            with open(os.path.join(folder, path), "w") as file:
                file.write(text)
        mlflow.log_artifacts(folder, "files")
    mlflow.log_input(mlflow.data.from_numpy(np.array([1.0, 2.0]), name="numbers", source="y"), context="evaluation")
    info = mlflow.sklearn.log_model(model, input_example=X, **where("model"))
local = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="files/a.txt")
assert open(local).read() == "one"
tree = mlflow.artifacts.download_artifacts(f"runs:/{run_id}/files")
assert sorted(os.listdir(tree)) == ["a.txt", "empty", "in ner"] and open(os.path.join(tree, "in ner", "ü 1.txt")).read() == "two"
assert [f.path for f in mlflow.artifacts.list_artifacts(run_id=run_id, artifact_path="files")] == ["files/a.txt", "files/empty", "files/in ner"]
by_data = mlflow.search_runs([experiment_id], "datasets.name = 'numbers' and datasets.context = 'evaluation'")
assert list(by_data["run_id"]) == [run_id], by_data

# Registered from a run; loaded in every way; stages of older clients.
first = mlflow.register_model(f"runs:/{run_id}/model", name, tags={"first": "yes"})
assert (first.version, first.run_id, first.status) == ("1", run_id, "READY"), first
client.set_registered_model_alias(name, "champion", 1)
pyfunc = mlflow.pyfunc.load_model(f"models:/{name}@champion")
assert list(pyfunc.predict(X)) == list(model.predict(X)) and pyfunc.metadata.signature is not None
assert mlflow.sklearn.load_model(f"models:/{name}/latest").coef_.shape == (1, 1)
again = mlflow.register_model(f"runs:/{run_id}/model", name)
client.transition_model_version_stage(name, "1", "Staging")
client.transition_model_version_stage(name, again.version, "Staging", archive_existing_versions=True)
stages = {v.version: v.current_stage for v in client.search_model_versions(f"name = '{name}'")}
assert stages == {"1": "Archived", "2": "Staging"}, stages
assert [v.version for v in client.get_latest_versions(name, ["Staging"])] == ["2"]
assert mlflow.pyfunc.load_model(f"models:/{name}/Staging") is not None
assert client.get_model_version_by_alias(name, "champion").version == "1"
copied = client.copy_model_version(f"models:/{name}/1", name + "-copy")
assert mlflow.pyfunc.load_model(f"models:/{name}-copy/{copied.version}") is not None
assert client.get_model_version_download_uri(name, "1").startswith("mlflow-artifacts:/")
by_run = client.search_model_versions(f"run_id = '{run_id}'", order_by=["version_number DESC"])
assert [(v.name, v.version) for v in by_run][:2] == [(name, "2"), (name, "1")] or len(by_run) == 3, by_run
assert [m.name for m in client.search_registered_models("name LIKE 'models-%'", order_by=["name ASC"]) if m.name == name]

mlflow.sklearn.autolog()
with mlflow.start_run() as auto:
    LogisticRegression(C=0.5).fit(X, y)
mlflow.sklearn.autolog(disable=True)
logged = client.get_run(auto.info.run_id)
assert logged.data.params["C"] == "0.5" and "training_accuracy_score" in logged.data.metrics, logged
assert logged.inputs.dataset_inputs and logged.inputs.dataset_inputs[0].tags[0].value == "train"
assert mlflow.sklearn.load_model(f"runs:/{auto.info.run_id}/model").C == 0.5

if MAJOR >= 3:
    # Without a run; from the logged model to the registry and back.
    loose = mlflow.sklearn.log_model(model, name="loose")
    assert mlflow.sklearn.load_model(f"models:/{loose.model_id}").C == 1.0
    registered = mlflow.register_model(f"models:/{loose.model_id}", name)
    assert (registered.version, registered.source) == ("3", f"models:/{loose.model_id}"), registered
    with mlflow.start_run() as judged:
        mlflow.log_metric("score", 0.25, model_id=loose.model_id)
        mlflow.log_metric("score", 0.75, step=1, model_id=info.model_id)
    good = mlflow.search_logged_models([experiment_id], "metrics.score > 0.5", output_format="list")
    assert [m.model_id for m in good] == [info.model_id], good
    ordered = mlflow.search_logged_models(
        [experiment_id],
        order_by=[{"field_name": "metrics.score", "ascending": False}],
        output_format="list",
        max_results=2,
    )
    assert [m.model_id for m in ordered] == [info.model_id, loose.model_id], ordered
    client.set_logged_model_tags(loose.model_id, {"k": "v", "gone": "1"})
    client.delete_logged_model_tag(loose.model_id, "gone")
    seen = client.get_logged_model(loose.model_id)
    assert seen.tags["k"] == "v" and "gone" not in seen.tags and seen.status.name == "READY"
    external = mlflow.create_external_model(name="elsewhere", params={"depth": "3"})
    assert client.get_logged_model(external.model_id).params == {"depth": "3"}
    client.delete_logged_model(external.model_id)
    left = mlflow.search_logged_models([experiment_id], output_format="list")
    assert external.model_id not in [m.model_id for m in left]

client.delete_registered_model(name)
print("passed", mlflow.__version__)
