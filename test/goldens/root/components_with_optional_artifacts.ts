/** Golden pipeline components_with_optional_artifacts.yaml in our DSL. */
import { defineContainerComponent, definePipeline, importer, t } from 'kfp-ts'
import { python } from '../support.ts'

const customArtifactPrinterOp = defineContainerComponent({
  name: 'custom-artifact-printer',
  inputs: { artifact: t.optional(t.artifact()) },
  image: 'alpine',
  command: [
    '{"IfPresent": {"InputName": "artifact", "Then": ["echo", "{{$.inputs.artifacts[\'artifact\'].uri}}"], "Else": ["echo", "No artifact provided!"]}}',
  ],
})
const pythonArtifactPrinterOp = python('python_artifact_printer', { inputs: { artifact: t.optional(t.artifact()) } })
const innerPipelineOp = definePipeline(
  { name: 'inner-pipeline', inputs: { dataset: t.optional(t.dataset()) } },
  (inputs) => {
    pythonArtifactPrinterOp({ artifact: inputs.dataset })
  },
)

export default definePipeline(
  { name: 'optional-artifact-pipeline', inputs: { dataset1: t.optional(t.dataset()) } },
  (inputs) => {
    customArtifactPrinterOp({ artifact: inputs.dataset1 })
    customArtifactPrinterOp()
    const importerTask = importer({ uri: 'gs://ml-pipeline-playground/shakespeare1.txt', type: t.dataset() })
    innerPipelineOp({ dataset: importerTask.outputs.artifact })
    innerPipelineOp()
  },
)
