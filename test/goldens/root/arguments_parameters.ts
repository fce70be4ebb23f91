/** Golden pipeline arguments_parameters.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const echoOp = defineContainerComponent({
  name: 'echo',
  inputs: { param1: t.string(), param2: t.string() },
  image: 'registry.access.redhat.com/ubi9/python-311:latest',
  command: ['echo'],
  args: ["{{$.inputs.parameters['param1']}}-{{$.inputs.parameters['param2']}}"],
})

export default definePipeline(
  { name: 'echo', inputs: { param1: t.string({ default: 'hello' }), param2: t.string() } },
  (inputs) => {
    const _echo = echoOp({ param1: inputs.param1, param2: inputs.param2 })
  },
)
