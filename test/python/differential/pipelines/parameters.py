"""Types, defaults and optional inputs, through one and two levels of pipelines."""
from typing import Dict, List, NamedTuple, Optional

from kfp import dsl


@dsl.component
def describe(text: str, count: int, ratio: float, flag: bool, items: list, table: dict) -> str:
    import json
    return json.dumps([text, count, ratio, flag, items, table], sort_keys=True)


@dsl.component
def optional(text: Optional[str] = None, count: int = 7, items: Optional[List[int]] = None) -> str:
    return f'{text!r} {count!r} {items!r}'


@dsl.component
def several(seed: int) -> NamedTuple('Outputs', [('i', int), ('f', float), ('s', str), ('b', bool), ('l', List[int]), ('d', Dict[str, int])]):
    from collections import namedtuple
    return namedtuple('Outputs', 'i f s b l d')(seed, seed / 2, f'n{seed}\n', seed > 1, list(range(seed)), {'seed': seed})


@dsl.component
def echo(text: str) -> str:
    return text


@dsl.pipeline
def all_types(text: str = 'dé "q" \\', count: int = 3, ratio: float = 1.0, flag: bool = False,
              items: list = [1, 'two', [3.5]], table: dict = {'a': {'b': [True]}}) -> str:
    return describe(text=text, count=count, ratio=ratio, flag=flag, items=items, table=table).output


@dsl.pipeline
def constants() -> str:
    return describe(text='{{not a placeholder}}', count=5, ratio=2.5, flag=True, items=[], table={}).output


@dsl.pipeline
def inner_optional(text: Optional[str] = None, count: Optional[int] = None, items: Optional[List[int]] = None) -> str:
    return optional(text=text, items=items).output


@dsl.pipeline
def outer_optional(text: Optional[str] = None, items: Optional[List[int]] = None) -> str:
    return inner_optional(text=text, items=items).output


@dsl.pipeline
def inner_default(text: str = 'inner default') -> str:
    return echo(text=text).output


@dsl.pipeline
def outer_default() -> str:
    return inner_default().output


@dsl.pipeline
def chain(seed: int = 2) -> NamedTuple('Outputs', [('i', int), ('f', float), ('s', str), ('b', bool), ('l', List[int]), ('d', Dict[str, int]), ('text', str)]):
    from collections import namedtuple
    made = several(seed=seed)
    told = describe(text=made.outputs['s'], count=made.outputs['i'], ratio=made.outputs['f'], flag=made.outputs['b'],
                    items=made.outputs['l'], table=made.outputs['d'])
    outputs = namedtuple('Outputs', 'i f s b l d text')
    return outputs(*[made.outputs[key] for key in 'ifsbld'], told.output)


@dsl.pipeline
def templates(name: str = 'x', count: int = 4) -> str:
    first = echo(text=f'pre-{name}-{count}-post')
    return echo(text=f'<{first.output}|{name}>').output


CASES = [
    (all_types, {}, {'Output': r'["d\u00e9 \"q\" \\", 3, 1.0, false, [1, "two", [3.5]], {"a": {"b": [true]}}]'}),
    (all_types, {'text': 'plain', 'count': -1, 'ratio': 1e-7, 'flag': True, 'items': ['x'], 'table': {}},
     {'Output': '["plain", -1, 1e-07, true, ["x"], {}]'}),
    (constants, {}, {'Output': '["{{not a placeholder}}", 5, 2.5, true, [], {}]'}),
    (outer_optional, {}, {'Output': 'None 7 None'}),
    (outer_optional, {'text': 'given', 'items': [1, 2]}, {'Output': "'given' 7 [1, 2]"}),
    (outer_default, {}, {'Output': 'inner default'}),
    (chain, {}, {'i': 2, 'f': 1.0, 's': 'n2\n', 'b': True, 'l': [0, 1], 'd': {'seed': 2},
                 'text': r'["n2\n", 2, 1.0, true, [0, 1], {"seed": 2}]'}),
    (templates, {}, {'Output': '<pre-x-4-post|x>'}),
]
