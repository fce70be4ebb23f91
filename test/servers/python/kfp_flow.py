"""Every traced sequence of a KFP user against the server at argv[1], by the unmodified client and command line."""
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

import kfp
from kfp import compiler, dsl
from kfp_server_api.exceptions import ApiException

HOST = sys.argv[1]
u = str(time.time())


@dsl.component
def add(a: int, b: int = 2) -> int:
    return a + b


@dsl.pipeline(name="my-pipe")
def pipe(a: int, s: str = "x"):
    add(a=a)


def refused(status, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except ApiException as error:
        assert error.status == status, (error.status, error.body)
        return json.loads(error.body)
    raise AssertionError(f"{call} was not refused")


folder = tempfile.mkdtemp()
package = os.path.join(folder, "p.yaml")
compiler.Compiler().compile(pipe, package)
client = kfp.Client(host=HOST)
experiment = client.create_experiment("exp" + u, description="d")
assert client.create_experiment("exp" + u).experiment_id == experiment.experiment_id
assert client.get_experiment(experiment_name="exp" + u).experiment_id == experiment.experiment_id
assert len(client.list_experiments(sort_by="created_at desc", page_size=1).experiments) == 1
page = client.list_experiments(page_size=1)
assert client.list_experiments(page_size=1, page_token=page.next_page_token).experiments[0].experiment_id != page.experiments[0].experiment_id
assert client.list_experiments(namespace="nsx").experiments, "one workspace whatever the namespace"

run = client.create_run_from_pipeline_func(
    pipe, arguments={"a": 5}, experiment_name="exp" + u, run_name="ok", enable_caching=False
)
done = run.wait_for_run_completion()
assert done.state == "SUCCEEDED" and done.runtime_config.parameters == {"a": 5} and len(done.state_history) == 3, done
assert done.run_details.task_details[0].display_name == "add"
failing = client.create_run_from_pipeline_package(package, arguments={"a": 1}, experiment_name="exp" + u, run_name="fail")
done = failing.wait_for_run_completion()
assert done.state == "FAILED" and "boom" in done.error.message, done
client.runs.run_service_retry_run(failing.run_id)
assert client.wait_for_run_completion(failing.run_id, 300, 1).state == "SUCCEEDED"
refused(400, client.runs.run_service_retry_run, failing.run_id)
slow = client.create_run_from_pipeline_package(package, arguments={"a": 1}, run_name="hang")
client.terminate_run(slow.run_id)
assert client.wait_for_run_completion(slow.run_id, 300, 1).state == "FAILED"
refused(400, client.terminate_run, slow.run_id)
for arguments in ({"a": "x"}, {}, {"zz": 1, "a": 1}):
    body = refused(400, client.create_run_from_pipeline_package, package, arguments=arguments)
    assert body["code"] == 3 and body["details"], body
by_metric = client.list_runs(experiment_id=experiment.experiment_id, sort_by="metric:accuracy desc").runs
assert {r.display_name for r in by_metric} == {"ok", "fail"}, [r.display_name for r in by_metric]
everything, token = [], ""
while True:
    page = client.list_runs(sort_by="metric:accuracy desc", page_size=1, page_token=token)
    everything += [r.run_id for r in page.runs]
    token = page.next_page_token
    if not token:
        break
assert sorted(everything) == sorted(r.run_id for r in client.list_runs(page_size=200).runs), everything
assert everything.index(slow.run_id) > everything.index(run.run_id), "those without the metric come last"
state = json.dumps({"predicates": [{"operation": 1, "key": "state", "stringValue": "FAILED"}]})
assert all(r.state == "FAILED" for r in client.list_runs(filter=state).runs)

zipped, tarred = os.path.join(folder, "p.zip"), os.path.join(folder, "p.tar.gz")
with zipfile.ZipFile(zipped, "w") as archive:
    archive.write(package, "pipeline.yaml")
with tarfile.open(tarred, "w:gz") as archive:
    archive.add(package, "pipeline.yaml")
pipeline = client.upload_pipeline(package, pipeline_name="pl" + u, description="x")
version = client.upload_pipeline_version(package, "v2" + u, pipeline_id=pipeline.pipeline_id)
client.upload_pipeline_version(package, "v3" + u, pipeline_name="pl" + u)
client.upload_pipeline(zipped, pipeline_name="zip" + u)
client.upload_pipeline(tarred, pipeline_name="tar" + u)
assert "error_message" in refused(409, client.upload_pipeline, package, pipeline_name="pl" + u)
assert client.get_pipeline_id("pl" + u) == pipeline.pipeline_id
versions = client.list_pipeline_versions(pipeline.pipeline_id, sort_by="created_at desc").pipeline_versions
assert [v.display_name[:2] for v in versions] == ["v3", "v2", "pl"]
made = client.run_pipeline(
    experiment.experiment_id, "rp", pipeline_id=pipeline.pipeline_id, version_id=version.pipeline_version_id, params={"a": 3}
)
assert client.wait_for_run_completion(made.run_id, 300, 1).state == "SUCCEEDED"

job = client.create_recurring_run(
    experiment.experiment_id,
    "job",
    cron_expression="0 0 * * * *",
    pipeline_id=pipeline.pipeline_id,
    version_id=version.pipeline_version_id,
    params={"a": 3},
    max_concurrency=2,
)
paused = client.create_recurring_run(
    experiment.experiment_id, "job2", interval_second=60, pipeline_package_path=package, params={"a": 3}, enabled=False
)
assert (job.status, job.max_concurrency, paused.status) == ("ENABLED", "2", "DISABLED"), (job, paused)
assert len(client.list_recurring_runs(experiment_id=experiment.experiment_id).recurring_runs) == 2
client.disable_recurring_run(job.recurring_run_id)
assert client.get_recurring_run(job.recurring_run_id).status == "DISABLED"
client.enable_recurring_run(job.recurring_run_id)

client.archive_run(run.run_id)
assert client.get_run(run.run_id).storage_state == "ARCHIVED"
client.unarchive_run(run.run_id)
client.delete_run(run.run_id)
refused(404, client.get_run, run.run_id)
client.archive_experiment(experiment.experiment_id)
assert client.get_recurring_run(job.recurring_run_id).status == "DISABLED"
client.unarchive_experiment(experiment.experiment_id)
client.delete_recurring_run(job.recurring_run_id)
refused(400, client.delete_pipeline, pipeline.pipeline_id)
for one in versions:
    client.delete_pipeline_version(pipeline.pipeline_id, one.pipeline_version_id)
client.delete_pipeline(pipeline.pipeline_id)
client.delete_experiment(experiment.experiment_id)
client.create_experiment("exp" + u)


def cli(*args):
    command = ["kfp", "--endpoint", HOST, "--output", "json", *args]
    # Deleting asks first.
    done = subprocess.run(command, input="y\n", capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, (args, done.stdout, done.stderr)
    answer = re.search(r"^[\[{]$", done.stdout, re.MULTILINE)
    return json.JSONDecoder().raw_decode(done.stdout[answer.start() :])[0] if answer else None



cli("experiment", "create", "cli" + u)
assert any(e["display_name"] == "cli" + u for e in cli("experiment", "list"))
cli("pipeline", "create", "-p", "cli" + u, package)
uploaded = next(p for p in cli("pipeline", "list") if p["display_name"] == "cli" + u)
cli("pipeline", "create-version", "-p", uploaded["pipeline_id"], "-v", "v2", package)
second = cli("pipeline", "list-versions", uploaded["pipeline_id"])[0]
assert second["display_name"] == "v2", second
created = cli("run", "create", "-e", "cli" + u, "-f", package, "-r", "from-cli", "--watch", "a=5")
assert cli("run", "get", cli("run", "list")[0]["run_id"])["state"] == "SUCCEEDED"
recurring = ["--experiment-name", "cli" + u, "--job-name", "j1", "--cron-expression", "0 0 * * * *"]
by_version = ["--pipeline-id", uploaded["pipeline_id"], "--version-id", second["pipeline_version_id"]]
assert cli("recurring-run", "create", *recurring, *by_version, "a=5")["status"] == "DISABLED"
run_id = cli("run", "list")[0]["run_id"]
assert cli("run", "archive", run_id)["storage_state"] == "ARCHIVED"
cli("run", "unarchive", run_id)
cli("run", "delete", run_id)
refused(404, client.get_run, run_id)
job_id = next(j for j in cli("recurring-run", "list") if j["display_name"] == "j1")["recurring_run_id"]
assert cli("recurring-run", "enable", job_id)["status"] == "ENABLED"
assert cli("recurring-run", "disable", job_id)["status"] == "DISABLED"
assert cli("recurring-run", "get", job_id)["recurring_run_id"] == job_id
cli("recurring-run", "delete", job_id)
cli("pipeline", "delete-version", uploaded["pipeline_id"], second["pipeline_version_id"])
assert len(cli("pipeline", "list-versions", uploaded["pipeline_id"])) == 1

# The name-first client of kfp 2.17, which the Kubeflow SDK gives out too.
from kfp.kubeflow_client import PipelinesClient
from kfp.kubeflow_client.backends.kubernetes.types import KubernetesBackendConfig

named = PipelinesClient(KubernetesBackendConfig(base_url=HOST))
first = named.upload_pipeline(pipe, name="named" + u, version="one")
assert first.display_name == "one", first
named.upload_pipeline(package, name="named" + u, version="two")
assert {v.display_name for v in named.list_pipeline_versions("named" + u).pipeline_versions} == {"one", "two"}
assert named.get_pipeline("named" + u).pipeline_id == first.pipeline_id
assert named.get_pipeline_version("named" + u, "one").pipeline_version_id == first.pipeline_version_id
named.create_experiment("named" + u)
begun = named.run("named" + u, params={"a": 1}, name="by name", experiment="named" + u, version="one")
assert named.wait_for_run_status(begun.run_id, timeout=300, polling_interval=1).state == "SUCCEEDED"
assert [r.run_id for r in named.list_runs(experiment="named" + u).runs] == [begun.run_id]
assert any(e.display_name == "named" + u for e in named.list_experiments(page_size=200).experiments)
named.delete_pipeline("named" + u, force=True)
named.delete_experiment("named" + u)
print("passed", kfp.__version__)
