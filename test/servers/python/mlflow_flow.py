"""Every traced sequence of an MLflow user against the server at argv[1], by the unmodified client that is installed."""
import math
import sys
import tempfile
import time

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression

mlflow.set_tracking_uri(sys.argv[1])
MAJOR = int(mlflow.__version__.split(".")[0])
client = MlflowClient()
experiment = f"exp-{time.time()}"
name = experiment.replace(".", "_")
X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]


def refused(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return
    raise AssertionError(f"{call} was not refused")


mlflow.set_experiment(experiment)
mlflow.set_experiment(experiment)
refused("RESOURCE_ALREADY_EXISTS", client.create_experiment, experiment)
with mlflow.start_run(run_name="r1") as active:
    run_id = active.info.run_id
    mlflow.log_param("a", 1)
    mlflow.log_params({"b": 2, "c": "x"})
    mlflow.log_metric("m", 1.0, step=0)
    mlflow.log_metric("m", 2.5, step=1)
    mlflow.log_metrics({"nan": math.nan, "inf": math.inf, "minus": -math.inf})
    mlflow.set_tag("t", "v")
    mlflow.set_tags({"u": "w"})
    mlflow.log_text("hello", "dir/sub/h.txt")
    mlflow.log_dict({"a": 1}, "d.json")
    mlflow.log_table({"col": [1, 2]}, "table.json")
    with tempfile.NamedTemporaryFile() as empty:
        mlflow.log_artifact(empty.name, "empty")
    with mlflow.start_run(nested=True) as child:
        mlflow.log_metric("z", 3)
    refused("INVALID_PARAMETER_VALUE", mlflow.log_param, "a", 2)
    where = {"name": "model"} if MAJOR >= 3 else {"artifact_path": "model"}
    mlflow.sklearn.log_model(LogisticRegression().fit(X, y), registered_model_name=name, **where)
    data = mlflow.data.from_pandas(pd.DataFrame({"a": [1, 2]}), name="ds", source="x")
    mlflow.log_input(data, context="training")

run = client.get_run(run_id)
assert run.info.status == "FINISHED" and run.data.params == {"a": "1", "b": "2", "c": "x"}, run
assert math.isnan(run.data.metrics["nan"]) and run.data.metrics["inf"] == math.inf and run.data.metrics["m"] == 2.5
assert [(m.step, m.value) for m in client.get_metric_history(run_id, "m")] == [(0, 1.0), (1, 2.5)]
assert run.inputs.dataset_inputs[0].dataset.name == "ds"
with mlflow.start_run(run_id=run_id):
    mlflow.log_metric("m", 3.5, step=2)


def search(text, **more):
    return list(mlflow.search_runs(experiment_names=[experiment], filter_string=text, **more)["run_id"])


WANTED = "metrics.m > 2 and params.b = '2' and tags.t LIKE 'v%' and attributes.status='FINISHED'"
assert search(WANTED, order_by=["metrics.m DESC"]) == [run_id]
assert search("datasets.name = 'ds'") == [run_id]
assert search(f"tags.mlflow.parentRunId = '{run_id}'") == [child.info.run_id]

client.set_registered_model_alias(name, "champion", "1")
for uri in (f"models:/{name}@champion", f"models:/{name}/1", f"models:/{name}/latest", f"runs:/{run_id}/model"):
    assert len(mlflow.sklearn.load_model(uri).predict(X)) == 4
version = mlflow.register_model(f"runs:/{run_id}/model", name)
assert (version.version, version.status, version.run_id) == ("2", "READY", run_id), version
client.transition_model_version_stage(name, "2", "production")
mlflow.sklearn.load_model(f"models:/{name}/Production")
found = client.search_model_versions(f"name='{name}'")
assert [(v.version, v.current_stage, list(v.aliases)) for v in found] == [("2", "Production", []), ("1", "None", ["champion"])]
assert dict(client.search_registered_models(f"name='{name}'")[0].aliases) == {"champion": "1"}
client.set_model_version_tag(name, "1", "k", "v")
client.delete_model_version_tag(name, "1", "k")
client.set_registered_model_tag(name, "q", "1")
client.update_registered_model(name, "described")
client.update_model_version(name, "1", "first")
assert client.get_registered_model(name).description == "described"
refused("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, name, "nope")
refused("INVALID_PARAMETER_VALUE", client.set_registered_model_alias, name, "v1", "1")
refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, name)
client.delete_registered_model_alias(name, "champion")
client.delete_model_version(name, "1")
refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, name, "1")
client.rename_registered_model(name, name + "x")
client.delete_registered_model(name + "x")
refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, name + "x")

assert mlflow.artifacts.load_text(run.info.artifact_uri + "/dir/sub/h.txt") == "hello"
listed = {f.path: (f.is_dir, f.file_size) for f in client.list_artifacts(run_id)}
assert listed["d.json"][0] is False and listed["dir"] == (True, None), listed
assert [f.path for f in client.list_artifacts(run_id, "dir")] == ["dir/sub"]
assert len(mlflow.load_table("table.json", run_ids=[run_id])) == 2

client.delete_run(run_id)
assert search("run_name='r1'") == []
client.restore_run(run_id)
assert search("run_name='r1'") == [run_id]

if MAJOR >= 3:
    models = mlflow.search_logged_models(experiment_ids=[run.info.experiment_id], output_format="list")
    assert [m.name for m in models] == ["model"]
    mlflow.sklearn.autolog()
    with mlflow.start_run() as auto:
        LogisticRegression().fit(X, y)
    assert "training_accuracy_score" in client.get_run(auto.info.run_id).data.metrics

client.delete_experiment(run.info.experiment_id)
client.restore_experiment(run.info.experiment_id)
client.rename_experiment(run.info.experiment_id, experiment + "n")
client.set_experiment_tag(run.info.experiment_id, "a", "b")
assert len(client.search_experiments(filter_string=f"name = '{experiment}n' and tags.a='b'")) == 1
print("passed", mlflow.__version__)
