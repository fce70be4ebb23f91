"""A KFP user of a cluster: host, token, namespace, a foreign namespace. The unmodified client; runs are carried out for real."""
import json
import os
import subprocess
import sys
import tempfile
import time

import kfp
from kfp import compiler, dsl
from kfp_server_api.exceptions import ApiException

HOST, TOKEN, NAMESPACE, FOREIGN = sys.argv[1:5]


@dsl.container_component
def greet(name: str, greeting: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image="busybox:latest",
        command=["sh", "-ec", 'echo "to $0"; mkdir -p "$(dirname "$1")"; printf "hello %s" "$0" >"$1"'],
        args=[name, greeting],
    )


@dsl.container_component
def fail():
    return dsl.ContainerSpec(image="busybox:latest", command=["sh", "-c", "exit 3"])


@dsl.pipeline(name="greeting")
def pipe(name: str = "you") -> str:
    return greet(name=name).outputs["greeting"]


@dsl.pipeline(name="failing")
def failing():
    fail()


def refused(status, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except ApiException as error:
        assert error.status == status, (error.status, error.body)
        return json.loads(error.body)
    raise AssertionError(f"{call} was not refused")


client = kfp.Client(host=HOST, existing_token=TOKEN, namespace=NAMESPACE)
assert client.get_kfp_healthz().multi_user is True
experiment = client.create_experiment("cluster", namespace=NAMESPACE)
run = client.create_run_from_pipeline_func(
    pipe, arguments={"name": "cluster"}, experiment_name="cluster", namespace=NAMESPACE, run_name="first"
)
done = run.wait_for_run_completion(timeout=300)
assert done.state == "SUCCEEDED", done
assert done.run_details.task_details[0].display_name == "greet", done.run_details
listed = client.list_runs(namespace=NAMESPACE, page_size=100).runs
assert run.run_id in [one.run_id for one in listed]
assert run.run_id in [one.run_id for one in client.list_runs(experiment_id=experiment.experiment_id).runs]

bad = client.create_run_from_pipeline_func(failing, experiment_name="cluster", namespace=NAMESPACE, run_name="bad")
done = bad.wait_for_run_completion(timeout=300)
assert done.state == "FAILED" and "application" in done.error.message, done

package = os.path.join(tempfile.mkdtemp(), "p.yaml")
compiler.Compiler().compile(pipe, package)
uploaded = client.upload_pipeline(package, pipeline_name="greeting", namespace=NAMESPACE)
version = client.list_pipeline_versions(uploaded.pipeline_id).pipeline_versions[0].pipeline_version_id
second = client.run_pipeline(
    experiment.experiment_id,
    "second",
    pipeline_id=uploaded.pipeline_id,
    version_id=version,
    params={"name": "again"},
)
assert client.wait_for_run_completion(second.run_id, 300, 1).state == "SUCCEEDED"
client.archive_run(second.run_id)
client.delete_run(second.run_id)
refused(404, client.get_run, second.run_id)

job = client.create_recurring_run(
    experiment.experiment_id, "each second", interval_second=1, max_concurrency=2, params={"name": "time"}, pipeline_package_path=package
)
assert job.status == "ENABLED", job
assert job.recurring_run_id in [one.recurring_run_id for one in client.list_recurring_runs(namespace=NAMESPACE).recurring_runs]
for _ in range(600):
    made = [one for one in client.list_runs(namespace=NAMESPACE, page_size=100).runs if one.recurring_run_id == job.recurring_run_id]
    if any(one.state == "SUCCEEDED" for one in made):
        break
    time.sleep(0.5)
else:
    raise AssertionError(made)
assert made[0].experiment_id == experiment.experiment_id, made[0]
client.disable_recurring_run(job.recurring_run_id)
assert client.get_recurring_run(job.recurring_run_id).status == "DISABLED"
client.enable_recurring_run(job.recurring_run_id)
assert client.get_recurring_run(job.recurring_run_id).status == "ENABLED"
client.delete_recurring_run(job.recurring_run_id)
refused(404, client.get_recurring_run, job.recurring_run_id)
bad_cron = dict(cron_expression="61 * * * *", pipeline_package_path=package)
refused(400, client.create_recurring_run, experiment.experiment_id, "never", **bad_cron)

refused(403, client.list_runs, namespace=FOREIGN)
refused(403, client.create_experiment, "mine", namespace=FOREIGN)
refused(401, kfp.Client(host=HOST, existing_token=TOKEN + "x", namespace=NAMESPACE).list_runs, namespace=NAMESPACE)
shown = subprocess.run(
    [os.path.join(os.path.dirname(sys.executable), "kfp"), "--endpoint", HOST, "--existing-token", TOKEN, "--namespace", NAMESPACE]
    + ["--output", "json", "run", "get", run.run_id],
    capture_output=True,
    text=True,
)
assert shown.returncode == 0 and run.run_id in shown.stdout, shown
print("passed")
