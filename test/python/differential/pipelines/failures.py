"""Exit handlers, failures that are ignored, retries and what a failure leaves unrun."""
import os

from kfp import dsl
from kfp.dsl import PipelineTaskFinalStatus


@dsl.component
def echo(text: str = 'default text') -> str:
    print(text)
    return text


@dsl.component
def fail() -> str:
    raise ValueError('on purpose')


@dsl.component
def flaky(counter: str) -> int:
    import os
    seen = int(open(counter).read()) if os.path.exists(counter) else 0
    with open(counter, 'w') as f:
        f.write(str(seen + 1))
    if seen == 0:
        raise RuntimeError('first attempt')
    return seen


@dsl.component
def finish(status: PipelineTaskFinalStatus, marker: str):
    with open(marker, 'w') as f:
        f.write(f'{status.state} {status.pipeline_task_name}')


@dsl.pipeline
def handled(marker: str):
    done = finish(marker=marker)
    with dsl.ExitHandler(done):
        echo(text='body')


@dsl.pipeline
def handled_failure(marker: str):
    done = finish(marker=marker)
    with dsl.ExitHandler(done):
        failed = fail()
        echo(text=failed.output)


@dsl.pipeline
def ignored():
    failed = fail()
    echo(text=failed.output).ignore_upstream_failure()


@dsl.pipeline
def unrun():
    failed = fail()
    echo(text='never').after(failed)


@dsl.pipeline
def retried(counter: str) -> int:
    return flaky(counter=counter).set_retry(num_retries=2).output


def path(name):
    """A file that only this process's runs use; the test removes the folder and sets it for both runners."""
    return os.path.join(os.environ.get('KFP_TS_DIFFERENTIAL_DIR', '/tmp'), name)


CASES = [
    (handled, {'marker': path('handled')}, {}),
    (handled_failure, {'marker': path('handled-failure')}, 'FAILED'),
    (ignored, {}, 'FAILED'),
    (unrun, {}, 'FAILED'),
    (retried, {'counter': path('counter')}, {'Output': 1}),
]
