"""Reads every pipeline file of a folder as the KFP SDK does: strictly as protobuf, then as a component. Prints one JSON list of problems."""
import json
import pathlib
import sys

import yaml
from google.protobuf import json_format
from kfp import components
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2


def strict(data, message):
    json_format.ParseDict(data, message, ignore_unknown_fields=False)
    return message


def check(path):
    documents = list(yaml.load_all(path.read_text(), yaml.CSafeLoader))
    spec = strict(documents[0], pipeline_spec_pb2.PipelineSpec())
    strict(documents[0].get('deploymentSpec', {}), pipeline_spec_pb2.PipelineDeploymentConfig())
    # What protobuf drops or changes on the way would show here.
    back = json_format.MessageToDict(spec)
    assert back['pipelineInfo']['name'] == documents[0]['pipelineInfo']['name']
    assert set(back.get('components', {})) == set(documents[0].get('components', {}))
    if len(documents) > 1:
        strict(documents[1], pipeline_spec_pb2.PlatformSpec())
        kubernetes = documents[1]['platforms'].get('kubernetes', {})
        for config in kubernetes.get('deploymentSpec', {}).get('executors', {}).values():
            strict(config, kubernetes_executor_config_pb2.KubernetesExecutorConfig())
    component = components.load_component_from_file(str(path))
    # Of a component that was compiled alone, kfp loads the component and not the pipeline around it.
    own = 'comp-' + documents[0]['pipelineInfo']['name']
    root = documents[0].get('components', {}).get(own, documents[0]['root']).get('inputDefinitions', {})
    wanted = set(root.get('parameters', {})) | set(root.get('artifacts', {}))
    loaded = set((component.component_spec.inputs or {}).keys())
    assert loaded == wanted, f'inputs {sorted(loaded)} instead of {sorted(wanted)}'


problems = []
for file in sorted(pathlib.Path(sys.argv[1]).glob('*.yaml')):
    try:
        check(file)
    except Exception as error:  # each file's problem is a line of the report
        problems.append(f'{file.name}: {type(error).__name__}: {str(error)[:300]}')
print(json.dumps(problems))
