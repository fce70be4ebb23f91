/** Golden pipeline container_with_concat_placeholder.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const containerWithConcatPlaceholderOp = defineContainerComponent({
  name: 'container-with-concat-placeholder',
  inputs: { text1: t.string() },
  outputs: { output_path: t.string(), text2: t.dataset() },
  image: 'registry.access.redhat.com/ubi9/python-311:latest',
  command: [
    'my_program',
    '{"Concat": ["prefix-", "{{$.inputs.parameters[\'text1\']}}", "{{$.outputs.artifacts[\'text2\'].uri}}"]}',
  ],
  args: ['--output_path', "{{$.outputs.parameters['output_path'].output_file}}"],
})

export default definePipeline(
  {
    name: 'container-with-concat-placeholder',
    inputs: { text1: t.string() },
    outputs: { output_path: t.string(), text2: t.dataset() },
  },
  (inputs) => {
    const containerWithConcatPlaceholder = containerWithConcatPlaceholderOp({ text1: inputs.text1 })
    return {
      output_path: containerWithConcatPlaceholder.outputs.output_path,
      text2: containerWithConcatPlaceholder.outputs.text2,
    }
  },
)
