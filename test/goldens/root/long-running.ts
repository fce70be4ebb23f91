/** Golden pipeline long-running.yaml in our DSL. */
import { defineContainerComponent, definePipeline } from 'kfp-ts'

const waitOp = defineContainerComponent({
  name: 'wait-op',
  image: 'alpine:latest',
  command: ['sh', '-c'],
  args: ['echo step-1 sleeping for 5m; sleep 300; echo done1'],
})

export default definePipeline({ name: 'wait-awhile' }, () => {
  const waitOpTask = waitOp()
  waitOp().after(waitOpTask)
})
