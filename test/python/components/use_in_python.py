"""Uses our component.yaml files as a Python author would; arguments: the checkout, a folder to compile to. Prints the loaded names."""

import glob
import json
import sys

import yaml
from google.protobuf import json_format
from kfp import compiler, components, dsl
from kfp.pipeline_spec import pipeline_spec_pb2

root, target = sys.argv[1:]
library = {}
for path in sorted(glob.glob(f"{root}/components/*/component.yaml")) + sorted(glob.glob(f"{root}/examples/hybrid/*.yaml")):
    with open(path) as file:
        json_format.ParseDict(yaml.safe_load(file), pipeline_spec_pb2.PipelineSpec())  # strict: unknown fields are refused
    library[path.removeprefix(f"{root}/")] = components.load_component_from_file(path)

load, split, prepare, train, evaluate = (
    library[f"components/{name}/component.yaml"] for name in ("load_csv", "split", "preprocess", "train", "evaluate")
)


@dsl.pipeline(name="from-python")
def from_python(source: str):
    parts = split(data=load(source=source).output, stratify_by="income")
    features = prepare(train=parts.outputs["train"], test=parts.outputs["test"], target="income")
    rows = features.outputs["train_features"]
    train(data=rows, target="income")
    model = train(data=rows, target="income", preprocessing=features.outputs["preprocessing"]).output
    evaluate(model=model, data=parts.outputs["test"])


compiler.Compiler().compile(from_python, f"{target}/from_python.yaml")
json.dump(sorted(library), sys.stdout)
