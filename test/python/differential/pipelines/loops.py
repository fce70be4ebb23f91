"""Static, dynamic, nested and empty loops; sub-variables; fan-in of parameters and artifacts."""
from typing import Dict, List

from kfp import dsl
from kfp.dsl import Artifact, Dataset, Input, Output


@dsl.component
def double(num: int) -> int:
    return 2 * num


@dsl.component
def add(nums: List[int]) -> int:
    return sum(nums)


@dsl.component
def dump(value: list) -> str:
    import json
    return json.dumps(value)


@dsl.component
def echo(text: str) -> str:
    return text


@dsl.component
def make_list(n: int) -> List[int]:
    return list(range(n))


@dsl.component
def make_records(n: int) -> List[Dict[str, int]]:
    return [{'a': i, 'b': i * 10} for i in range(n)]


@dsl.component
def make_matrix() -> List[List[int]]:
    return [[1, 2], [], [3]]


@dsl.component
def pair(a: int, b: int) -> int:
    return a + b


@dsl.component
def write(text: str, data: Output[Dataset]):
    with open(data.path, 'w') as f:
        f.write(text)


@dsl.component
def write_pair(left: str, right: str, data: Output[Dataset]):
    with open(data.path, 'w') as f:
        f.write(left + right)


@dsl.component
def concat(data: Input[List[Dataset]]) -> str:
    return ','.join(open(d.path).read() for d in data)


@dsl.component
def read(data: Input[Dataset]) -> str:
    return open(data.path).read()


@dsl.component
def count(items: List[int]) -> int:
    return len(items)


@dsl.pipeline
def static_loop() -> int:
    with dsl.ParallelFor([1, 2, 3], parallelism=2) as i:
        d = double(num=i)
    return add(nums=dsl.Collected(d.output)).output


@dsl.pipeline
def dynamic_loop(n: int) -> str:
    made = make_list(n=n)
    with dsl.ParallelFor(made.output) as i:
        d = double(num=i)
    return dump(value=dsl.Collected(d.output)).output


@dsl.pipeline
def parameter_loop(texts: List[str]) -> str:
    with dsl.ParallelFor(texts) as text:
        e = echo(text=text)
    return dump(value=dsl.Collected(e.output)).output


@dsl.pipeline
def sub_variables() -> str:
    with dsl.ParallelFor([{'a': 1, 'b': 10}, {'a': 2, 'b': 20}]) as item:
        p = pair(a=item.a, b=item.b)
    return dump(value=dsl.Collected(p.output)).output


@dsl.pipeline
def dynamic_sub_variables(n: int) -> str:
    made = make_records(n=n)
    with dsl.ParallelFor(made.output) as item:
        p = pair(a=item.a, b=item.b)
    return dump(value=dsl.Collected(p.output)).output


@dsl.pipeline
def nested_loops() -> str:
    with dsl.ParallelFor([1, 2]) as i:
        with dsl.ParallelFor([10, 20, 30]) as j:
            p = pair(a=i, b=j)
    return dump(value=dsl.Collected(p.output)).output


@dsl.pipeline
def collected_artifacts(texts: List[str]) -> str:
    with dsl.ParallelFor(texts) as text:
        w = write(text=text)
    return concat(data=dsl.Collected(w.outputs['data'])).output


@dsl.pipeline
def nested_artifacts() -> str:
    with dsl.ParallelFor(['a', 'b']) as outer:
        with dsl.ParallelFor(['x', 'y']) as inner:
            w = write_pair(left=outer, right=inner)
    return concat(data=dsl.Collected(w.outputs['data'])).output


@dsl.pipeline
def inner_artifacts(texts: List[str]) -> List[Dataset]:
    with dsl.ParallelFor(texts) as text:
        w = write(text=text)
    return dsl.Collected(w.outputs['data'])


@dsl.pipeline
def list_through_pipeline(texts: List[str]) -> str:
    return concat(data=inner_artifacts(texts=texts).output).output


@dsl.pipeline
def artifact_loop(texts: List[str]) -> str:
    made = inner_artifacts(texts=texts)
    with dsl.ParallelFor(made.output) as one:
        r = read(data=one)
    return dump(value=dsl.Collected(r.output)).output


@dsl.pipeline
def inner_sum(items: List[int]) -> int:
    with dsl.ParallelFor(items) as i:
        d = double(num=i)
    return add(nums=dsl.Collected(d.output)).output


@dsl.pipeline
def loop_of_pipelines() -> str:
    with dsl.ParallelFor([[1], [1, 2], [1, 2, 3]]) as items:
        s = inner_sum(items=items)
    return dump(value=dsl.Collected(s.output)).output


CASES = [
    (static_loop, {}, {'Output': 12}),
    (dynamic_loop, {'n': 3}, {'Output': '[0, 2, 4]'}),
    (dynamic_loop, {'n': 0}, {'Output': '[]'}),
    (parameter_loop, {'texts': ['b', 'a', 'quote "x"']}, {'Output': r'["b", "a", "quote \"x\""]'}),
    (sub_variables, {}, {'Output': '[11, 22]'}),
    (dynamic_sub_variables, {'n': 3}, {'Output': '[0, 11, 22]'}),
    (nested_loops, {}, {'Output': '[[11, 21, 31], [12, 22, 32]]'}),
    (collected_artifacts, {'texts': ['one', 'two']}, {'Output': 'one,two'}),
    (nested_artifacts, {}, {'Output': 'ax,ay,bx,by'}),
    (list_through_pipeline, {'texts': ['p', 'q']}, {'Output': 'p,q'}),
    (artifact_loop, {'texts': ['p', 'q']}, {'Output': '["p", "q"]'}),
    (loop_of_pipelines, {}, {'Output': '[2, 6, 12]'}),
]
