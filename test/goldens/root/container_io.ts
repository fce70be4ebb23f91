/** Golden pipeline container_io.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const containerIoOp = defineContainerComponent({
  name: 'container-io',
  inputs: { text: t.string() },
  outputs: { output_path: t.string() },
  image: 'registry.access.redhat.com/ubi9/python-311:latest',
  command: ['my_program', "{{$.inputs.parameters['text']}}"],
  args: ['--output_path', "{{$.outputs.parameters['output_path'].output_file}}"],
})

export default definePipeline(
  { name: 'container-io', inputs: { text: t.string() }, outputs: { output_path: t.string() } },
  (inputs) => {
    const containerIo = containerIoOp({ text: inputs.text })
    return { output_path: containerIo.outputs.output_path }
  },
)
