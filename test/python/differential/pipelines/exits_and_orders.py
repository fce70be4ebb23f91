"""Exit handlers of every shape, order without data, run constants, and failures that go up through nested pipelines."""
import os
from typing import List, Optional

from kfp import dsl
from kfp.dsl import PipelineTaskFinalStatus


@dsl.component
def echo(text: str) -> str:
    print(text)
    return text


@dsl.component
def fail(text: str = 'boom') -> str:
    raise RuntimeError(text)


@dsl.component
def stamp(folder: str, name: str, wanted: List[str] = []) -> str:
    """Leaves a file, and checks that the files of others are there already."""
    import os
    missing = [other for other in wanted if not os.path.exists(os.path.join(folder, other))]
    if missing:
        raise RuntimeError(f'{name} ran before {missing}')
    os.makedirs(folder, exist_ok=True)
    open(os.path.join(folder, name), 'w').close()
    return name


@dsl.component
def finish(status: PipelineTaskFinalStatus, folder: str):
    import os
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f'{status.pipeline_task_name}-{status.state}'), 'a') as f:
        f.write('x')


@dsl.component
def check_constants(job: str, resource: str, job_id: str, task: str, task_id: str) -> str:
    for value in (job, resource, job_id, task, task_id):
        assert value and '{{' not in value, value
    return task


@dsl.component
def read_state(status: PipelineTaskFinalStatus) -> str:
    return status.state


@dsl.component
def none_or(text: Optional[str] = None) -> str:
    return 'nothing' if text is None else text


@dsl.pipeline
def two_handlers(folder: str):
    first = finish(folder=folder)
    with dsl.ExitHandler(first):
        echo(text='one')
    second = finish(folder=folder)
    with dsl.ExitHandler(second):
        fail()
    echo(text='outside')


@dsl.pipeline
def after_loop(folder: str) -> str:
    with dsl.ParallelFor(['a', 'b', 'c'], parallelism=1) as name:
        inside = stamp(folder=folder, name=name)
    last = stamp(folder=folder, name='last', wanted=['a', 'b', 'c']).after(inside)
    return last.output


@dsl.pipeline
def order_in_loops(folder: str):
    first = stamp(folder=folder, name='first')
    with dsl.ParallelFor(['x', 'y']) as name:
        one = stamp(folder=folder, name=name, wanted=['first']).after(first)
        echo(text='then').after(one)


@dsl.pipeline
def constants() -> str:
    return check_constants(
        job=dsl.PIPELINE_JOB_NAME_PLACEHOLDER,
        resource=dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER,
        job_id=dsl.PIPELINE_JOB_ID_PLACEHOLDER,
        task=dsl.PIPELINE_TASK_NAME_PLACEHOLDER,
        task_id=dsl.PIPELINE_TASK_ID_PLACEHOLDER,
    ).output


@dsl.pipeline
def failing_inner(text: str) -> str:
    return fail(text=text).output


@dsl.pipeline
def nested_failure(folder: str):
    failed = failing_inner(text='deep')
    stamp(folder=folder, name='never').after(failed)


@dsl.pipeline
def fail_in_loop(folder: str):
    with dsl.ParallelFor([1, 2, 3], parallelism=1) as item:
        with dsl.If(item == 2):
            fail()


@dsl.pipeline
def optional_chain_inner(text: Optional[str] = None) -> str:
    return none_or(text=text).output


@dsl.pipeline
def optional_chain() -> str:
    return optional_chain_inner().output


@dsl.pipeline
def if_in_loop(words: List[str]):
    with dsl.ParallelFor(words) as word:
        with dsl.If(word == 'run'):
            echo(text=word)
        with dsl.Elif(word == 'other'):
            echo(text='other')


ROOT = os.environ.get('KFP_TS_DIFFERENTIAL_DIR', '/tmp')

CASES = [
    (two_handlers, {'folder': f'{ROOT}/two-handlers'}, 'FAILED'),
    (after_loop, {'folder': f'{ROOT}/after-loop'}, {'Output': 'last'}),
    (order_in_loops, {'folder': f'{ROOT}/order-in-loops'}, {}),
    (constants, {}, {'Output': 'check-constants'}),
    (nested_failure, {'folder': f'{ROOT}/nested'}, 'FAILED'),
    (fail_in_loop, {'folder': f'{ROOT}/loop'}, 'FAILED'),
    (optional_chain, {}, {'Output': 'nothing'}),
    (if_in_loop, {'words': ['run', 'skip', 'other']}, {}),
]
