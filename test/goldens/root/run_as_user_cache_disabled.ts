/** Golden pipeline run_as_user_cache_disabled.yaml in our DSL. */
import { defineContainerComponent, definePipeline } from 'kfp-ts'

const echoOp = defineContainerComponent({
  name: 'echo',
  image: 'registry.access.redhat.com/ubi9/python-311:latest',
  command: ['echo'],
  args: ['hello world'],
})

export default definePipeline({ name: 'echo' }, () => {
  const _echo = echoOp()
})
