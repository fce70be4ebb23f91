"""Compiles every pipeline of `pipelines/` with the installed SDK and runs it with kfp.local.

Usage: oracle.py OUT_DIR [--compile-only] [NAME...]. Writes OUT_DIR/<case>.yaml and OUT_DIR/<case>.json
({"arguments", "expected", "oracle": {"state", "outputs"}}; an artifact is {"text", "metadata"}). Runs in the environment of the
caller, which the components' own `pip install` may change: give it a virtual environment of its own.
"""
import importlib.util
import json
import pathlib
import sys
import tempfile
import traceback

from kfp import compiler, dsl, local

HERE = pathlib.Path(__file__).parent


def load_cases():
    """Yields (case name, pipeline, arguments, expected outputs or 'FAILED') of each module's CASES."""
    for path in sorted((HERE / 'pipelines').glob('*.py')):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for index, (pipeline, arguments, expected) in enumerate(module.CASES):
            yield f'{path.stem}-{index}-{pipeline.name}', pipeline, arguments, expected


def plain(value):
    """An output as JSON: artifacts by their content, since paths differ between runners."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dsl.Artifact):
        path = pathlib.Path(value.path)
        text = path.read_text() if path.is_file() else None
        return {'text': text, 'metadata': value.metadata}
    return value


def run(pipeline, arguments, root):
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root, raise_on_error=True)
    try:
        task = pipeline(**arguments)
    except RuntimeError as error:  # how the local runner says that a task failed
        return {'state': 'FAILED', 'outputs': {}, 'message': str(error)}
    except Exception as error:  # what it can't run at all; the test lists these
        traceback.print_exc()
        return {'state': 'ERROR', 'outputs': {}, 'message': f'{type(error).__name__}: {error}'}
    return {'state': 'SUCCEEDED', 'outputs': {key: plain(value) for key, value in task.outputs.items()}}


def main():
    out = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2:]
    compile_only = '--compile-only' in wanted
    wanted = [word for word in wanted if not word.startswith('--')]
    out.mkdir(parents=True, exist_ok=True)
    for name, pipeline, arguments, expected in load_cases():
        if wanted and not any(word in name for word in wanted):
            continue
        compiler.Compiler().compile(pipeline, str(out / f'{name}.yaml'))
        result = {}
        if not compile_only:
            with tempfile.TemporaryDirectory() as root:
                result = {'oracle': run(pipeline, arguments, root)}
        (out / f'{name}.json').write_text(json.dumps({'arguments': arguments, 'expected': expected, **result}, indent=1))
        print('case', name, result.get('oracle', {}).get('state', 'compiled'), flush=True)


if __name__ == '__main__':
    main()
