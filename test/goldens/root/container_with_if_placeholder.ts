/** Golden pipeline container_with_if_placeholder.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const containerWithIfPlaceholderOp = defineContainerComponent({
  name: 'container-with-if-placeholder',
  inputs: { optional_input: t.string({ default: 'default' }) },
  outputs: { output_path: t.string(), dataset: t.dataset() },
  image: 'registry.access.redhat.com/ubi9/python-311:latest',
  command: [
    'my_program',
    '{"IfPresent": {"InputName": "optional_input", "Then": ["{{$.inputs.parameters[\'optional_input\']}}"], "Else": ["bye"]}}',
    '--dataset',
    '{"IfPresent": {"InputName": "optional_input", "Then": ["{{$.outputs.artifacts[\'dataset\'].uri}}"], "Else": ["bye"]}}',
  ],
  args: ['--output_path', "{{$.outputs.parameters['output_path'].output_file}}"],
})

export default definePipeline(
  {
    name: 'container-with-if-placeholder',
    inputs: { optional_input: t.string({ default: 'default' }) },
    outputs: { output_path: t.string(), dataset: t.dataset() },
  },
  (inputs) => {
    const containerWithIfPlaceholder = containerWithIfPlaceholderOp({ optional_input: inputs.optional_input })
    return {
      output_path: containerWithIfPlaceholder.outputs.output_path,
      dataset: containerWithIfPlaceholder.outputs.dataset,
    }
  },
)
