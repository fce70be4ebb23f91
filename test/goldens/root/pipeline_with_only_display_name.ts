/** Golden pipeline pipeline_with_only_display_name.yaml in our DSL. */
import { defineContainerComponent, definePipeline } from 'kfp-ts'

const echoOp = defineContainerComponent({
  name: 'echo',
  image: 'public.ecr.aws/docker/library/python:3.12',
  command: ['echo'],
  args: ['hello world'],
})

export default definePipeline({ name: 'echo-name', displayName: 'echo-displayname' }, () => {
  const _echo = echoOp()
})
