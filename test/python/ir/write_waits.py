"""Compiles a pipeline that waits without a pod, written with nothing but the KFP SDK."""
import sys

from kfp import compiler, dsl


@dsl.container_component
def wait_for_http(url: str, until: str, every_seconds: float, status: dsl.OutputPath(int)):
    return dsl.ContainerSpec(image='kfp-ts/wait', args=['http'])


@dsl.component
def tell(status: int):
    print(status)


@dsl.pipeline(name='python-waits')
def python_waits(url: str):
    ready = wait_for_http(url=url, until='json.ready', every_seconds=2.5)
    tell(status=ready.outputs['status'])


compiler.Compiler().compile(python_waits, sys.argv[1])
