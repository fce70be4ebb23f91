"""Runs one compiled pipeline with kfp.local: oracle.py FILE ARGUMENTS_JSON ROOT OUT. Writes one JSON object to the file OUT.

Runs in the environment of the caller, which the components' own `pip install` changes: give it an environment of its own.
"""
import json
import pathlib
import re
import sys
import traceback

from kfp import components, dsl, local


def plain(value):
    """An output as JSON: artifacts by their content, since paths differ between runners."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dsl.Artifact):
        path = pathlib.Path(value.path)
        return {'text': path.read_text() if path.is_file() else None, 'metadata': value.metadata}
    return value


def run(file, arguments, root):
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root, raise_on_error=True)
    try:
        task = components.load_component_from_file(file)(**arguments)
    except RuntimeError as error:  # how the local runner says that a task failed
        message = re.sub(r'\x1b\[\d+m', '', str(error).split('\n')[0])
        return {'state': 'ERROR' if 'only supports' in message else 'FAILED', 'message': message}
    except Exception as error:  # what it can't run at all
        traceback.print_exc()
        return {'state': 'ERROR', 'message': f'{type(error).__name__}: {error}'.split('\n')[0]}
    return {'state': 'SUCCEEDED', 'outputs': {key: plain(value) for key, value in task.outputs.items()}}


if __name__ == '__main__':
    result = run(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3])
    pathlib.Path(sys.argv[4]).write_text(json.dumps(result))
