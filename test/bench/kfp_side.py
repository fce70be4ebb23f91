"""What the Python SDK does in the comparisons. Usage: kfp_side.py compile OUT.yaml | local ROOT"""
import sys

from kfp import compiler, dsl, local


@dsl.component
def first(x: int) -> int:
    return x + 1


@dsl.component
def second(x: int) -> int:
    return x * 2


@dsl.component
def third(x: int) -> str:
    return f'result {x}'


@dsl.pipeline(name='three-tiny-tasks')
def three_tiny_tasks(x: int = 1) -> str:
    return third(x=second(x=first(x=x).output).output).output


def main():
    mode, target = sys.argv[1:]
    if mode == 'compile':
        compiler.Compiler().compile(three_tiny_tasks, target)
        return
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=target)
    print(three_tiny_tasks(x=1).output)


main()
