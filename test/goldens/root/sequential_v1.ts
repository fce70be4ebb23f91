/** Golden pipeline sequential_v1.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const echoOp = defineContainerComponent({
  name: 'echo',
  inputs: { message: t.string() },
  image: 'registry.access.redhat.com/ubi9/python-311:latest',
  command: ['sh', '-c'],
  args: ["echo {{$.inputs.parameters['message']}}"],
})

export default definePipeline({ name: 'sequential', inputs: { param1: t.string(), param2: t.string() } }, (inputs) => {
  const _echo = echoOp({ message: inputs.param1 })
  echoOp({ message: inputs.param2 })
})
