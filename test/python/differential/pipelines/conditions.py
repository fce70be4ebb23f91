"""Comparisons over every type, branches, OneOf, nesting, and what is skipped."""
from typing import List

from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.component
def echo(text: str) -> str:
    return text


@dsl.component
def number(value: int) -> int:
    return value


@dsl.component
def n_text(value: int) -> str:
    return str(value)


@dsl.component
def real(value: float) -> float:
    return value


@dsl.component
def truth(value: bool) -> bool:
    return value


@dsl.component
def write(text: str, data: Output[Dataset]):
    data.metadata['length'] = len(text)
    with open(data.path, 'w') as f:
        f.write(text)


@dsl.component
def read(data: Input[Dataset]) -> str:
    with open(data.path) as f:
        return f'{f.read()} {data.metadata["length"]}'


@dsl.component
def join(parts: List[str]) -> str:
    return ','.join(sorted(parts))


@dsl.pipeline
def one_of(value: int) -> str:
    n = number(value=value)
    with dsl.If(n.output < 0):
        a = echo(text='negative')
    with dsl.Elif(n.output == 0):
        b = echo(text='zero')
    with dsl.Elif(n.output <= 10):
        c = echo(text='small')
    with dsl.Else():
        d = echo(text='large')
    return echo(text=dsl.OneOf(a.output, b.output, c.output, d.output)).output


@dsl.pipeline
def one_of_artifacts(word: str) -> str:
    w = echo(text=word)
    with dsl.If(w.output == 'heads'):
        a = write(text='it was heads')
    with dsl.Else():
        b = write(text='it was tails')
    return read(data=dsl.OneOf(a.outputs['data'], b.outputs['data'])).output


@dsl.pipeline
def compare_real(value: float) -> str:
    r = real(value=value)
    with dsl.If(r.output >= 0.5):
        a = echo(text='high')
    with dsl.Else():
        b = echo(text='low')
    return dsl.OneOf(a.output, b.output)


@dsl.pipeline
def compare_truth(value: bool) -> str:
    t = truth(value=value)
    with dsl.If(t.output == True):
        a = echo(text='yes')
    with dsl.Else():
        b = echo(text='no')
    return dsl.OneOf(a.output, b.output)


@dsl.pipeline
def nested(value: int, word: str) -> str:
    n = number(value=value)
    with dsl.If(n.output > 1):
        w = echo(text=word)
        with dsl.If(w.output != 'stop'):
            inner = echo(text='went on')
            echo(text=inner.output)
    return n_text(value=n.output).output


@dsl.pipeline
def collected_with_skips(threshold: int) -> str:
    with dsl.ParallelFor([1, 2, 3]) as item:
        n = number(value=item)
        with dsl.If(n.output >= threshold):
            kept = n_text(value=n.output)
    return join(parts=dsl.Collected(kept.output)).output


CASES = (
    [(one_of, {'value': v}, {'Output': word}) for v, word in ((-3, 'negative'), (0, 'zero'), (10, 'small'), (11, 'large'))]
    + [(one_of_artifacts, {'word': w}, {'Output': f'it was {w} 12'}) for w in ('heads', 'tails')]
    + [(compare_real, {'value': 0.5}, {'Output': 'high'}), (compare_real, {'value': 0.25}, {'Output': 'low'})]
    + [(compare_truth, {'value': True}, {'Output': 'yes'}), (compare_truth, {'value': False}, {'Output': 'no'})]
    + [(nested, {'value': 2, 'word': 'go'}, {'Output': '2'}), (nested, {'value': 2, 'word': 'stop'}, {'Output': '2'}),
       (nested, {'value': 1, 'word': 'go'}, {'Output': '1'})]
    + [(collected_with_skips, {'threshold': 2}, {'Output': '2,3'})]
)
