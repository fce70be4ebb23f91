"""An MLflow user by the environment alone: tracking URI, token and workspace. argv[1], if any, is a foreign workspace."""
import os
import sys
import tempfile

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

client = MlflowClient()


def refused(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return
    raise AssertionError(f"{call} was not refused")


with mlflow.start_run(run_name="in Default") as active:
    mlflow.log_metric("m", 1.5)
mlflow.set_experiment("by-token")
with mlflow.start_run() as active:
    mlflow.log_param("a", 1)
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "f.txt"), "w") as file:
        file.write("text")
    mlflow.log_artifact(os.path.join(folder, "f.txt"))
run = client.get_run(active.info.run_id)
assert run.data.params == {"a": "1"} and run.info.status == "FINISHED", run
assert [one.path for one in client.list_artifacts(run.info.run_id)] == ["f.txt"]
assert mlflow.artifacts.load_text(run.info.artifact_uri + "/f.txt") == "text"
client.create_registered_model("by-token")
for foreign in sys.argv[1:]:
    os.environ["MLFLOW_WORKSPACE"] = foreign
    refused("PERMISSION_DENIED", client.get_run, run.info.run_id)
    refused("PERMISSION_DENIED", client.search_registered_models)
print("passed")
