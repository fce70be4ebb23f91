"""Artifacts and their metadata, metrics, importers, nested pipelines that give artifacts out."""
from typing import NamedTuple

from kfp import dsl
from kfp.dsl import ClassificationMetrics, Dataset, HTML, Input, Markdown, Metrics, Model, Output


@dsl.component
def make(text: str, data: Output[Dataset], model: Output[Model]) -> int:
    data.metadata['rows'] = 3
    data.metadata['nested'] = {'a': [1, 2.5, None, True, 'x']}
    model.metadata['framework'] = 'none'
    with open(data.path, 'w') as f:
        f.write(text)
    with open(model.path, 'w') as f:
        f.write(text[::-1])
    return len(text)


@dsl.component
def measure(data: Input[Dataset], model: Input[Model], metrics: Output[Metrics], curve: Output[ClassificationMetrics],
            page: Output[HTML], note: Output[Markdown]) -> str:
    import json
    metrics.log_metric('accuracy', 0.75)
    metrics.log_metric('n', 4)
    curve.log_confusion_matrix(['a', 'b'], [[1, 2], [3, 4]])
    with open(page.path, 'w') as f:
        f.write('<b>hi</b>')
    with open(note.path, 'w') as f:
        f.write('# hi')
    return json.dumps([open(data.path).read(), open(model.path).read(), data.metadata, model.metadata], sort_keys=True)


@dsl.component
def folder(data: Output[Dataset]):
    import os
    os.makedirs(data.path)
    for name in ('a', 'b'):
        with open(os.path.join(data.path, name), 'w') as f:
            f.write(name * 2)


@dsl.component
def list_folder(data: Input[Dataset]) -> str:
    import os
    return ','.join(sorted(f'{n}={open(os.path.join(data.path, n)).read()}' for n in os.listdir(data.path)))


@dsl.pipeline
def inner(text: str) -> NamedTuple('Outputs', [('data', Dataset), ('model', Model), ('size', int)]):
    from collections import namedtuple
    made = make(text=text)
    return namedtuple('Outputs', 'data model size')(made.outputs['data'], made.outputs['model'], made.outputs['Output'])


@dsl.pipeline
def measured(text: str = 'hello') -> str:
    made = make(text=text)
    return measure(data=made.outputs['data'], model=made.outputs['model']).outputs['Output']


@dsl.pipeline
def through_pipeline(text: str = 'hello') -> str:
    made = inner(text=text)
    return measure(data=made.outputs['data'], model=made.outputs['model']).outputs['Output']


@dsl.pipeline
def metrics_out(text: str = 'hello') -> Metrics:
    made = make(text=text)
    return measure(data=made.outputs['data'], model=made.outputs['model']).outputs['metrics']


@dsl.pipeline
def folders() -> str:
    return list_folder(data=folder().outputs['data']).output


TOLD = r'["%s", "%s", {"nested": {"a": [1, 2.5, null, true, "x"]}, "rows": 3}, {"framework": "none"}]'

CASES = [
    (measured, {}, {'Output': TOLD % ('hello', 'olleh')}),
    (through_pipeline, {'text': 'x y'}, {'Output': TOLD % ('x y', 'y x')}),
    (metrics_out, {}, {'Output': {'text': None, 'metadata': {'accuracy': 0.75, 'n': 4}}}),
    (folders, {}, {'Output': 'a=aa,b=bb'}),
]
