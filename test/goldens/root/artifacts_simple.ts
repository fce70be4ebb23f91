/** Golden pipeline artifacts_simple.yaml in our DSL. */
import { collected, defineContainerComponent, definePipeline, parallelFor, t } from 'kfp-ts'
import { python } from '../support.ts'

const doubleOp = python('double', { inputs: { num: t.integer() }, outputs: { out_dataset: t.dataset() } })
const addOp = python('add', { inputs: { in_datasets: t.list(t.dataset()) }, outputs: { out_dataset: t.dataset() } })
const addContainerOp = defineContainerComponent({
  name: 'add-container',
  inputs: { in_datasets: t.list(t.dataset()) },
  outputs: { out_dataset: t.dataset() },
  image: 'registry.access.redhat.com/ubi9/python-311:latest',
  command: ['python', '-c'],
  args: [
    "\nimport argparse\nimport json\nimport os\n\ndef main(in_datasets, out_dataset_uri):\n    in_dicts = json.loads(in_datasets)\n    uris = [d['uri'] for d in in_dicts]\n    total = 0\n    for uri in uris:\n        with open(uri.replace('gs://', '/gcs/')) as f:\n            total += int(f.read())\n\n    outpath = out_dataset_uri.replace('gs://', '/gcs/')\n    os.makedirs(os.path.dirname(outpath), exist_ok=True)\n    with open(outpath, 'w') as f:\n        f.write(str(total))\n\nparser = argparse.ArgumentParser()\nparser.add_argument('in_datasets')\nparser.add_argument('out_dataset_uri')\nargs = parser.parse_args()\n\nmain(args.in_datasets, args.out_dataset_uri)\n",
    "{{$.inputs.artifacts['in_datasets']}}",
    "{{$.outputs.artifacts['out_dataset'].uri}}",
  ],
})

export default definePipeline({ name: 'math-pipeline', outputs: { Output: t.list(t.dataset()) } }, () => {
  const forLoop2 = parallelFor([1, 2, 3], (item) => {
    const double = doubleOp({ num: item })
    return { double }
  })
  const _add = addOp({ in_datasets: collected(forLoop2.double.outputs.out_dataset) })
  addContainerOp({ in_datasets: collected(forLoop2.double.outputs.out_dataset) })
  return { Output: collected(forLoop2.double.outputs.out_dataset) }
})
