/** Golden pipeline container_with_placeholder_in_fstring.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const containerWithPlaceholderInFstringOp = defineContainerComponent({
  name: 'container-with-placeholder-in-fstring',
  inputs: { text1: t.string({ default: 'text!' }) },
  outputs: { output_artifact: t.artifact() },
  image: 'registry.access.redhat.com/ubi9/python-311:latest',
  command: [
    'my_program',
    "prefix-{{$.inputs.parameters['text1']}}",
    "{{$.outputs.artifacts['output_artifact'].uri}}/0",
  ],
})

export default definePipeline(
  {
    name: 'container-with-placeholder-in-fstring',
    inputs: { text1: t.string({ default: 'text!' }) },
    outputs: { output_artifact: t.artifact() },
  },
  (inputs) => {
    const containerWithPlaceholderInFstring = containerWithPlaceholderInFstringOp({ text1: inputs.text1 })
    return { output_artifact: containerWithPlaceholderInFstring.outputs.output_artifact }
  },
)
