/** Golden pipeline pvc_mount.yaml in our DSL. */
import { definePipeline, kubernetes, t } from 'kfp-ts'
import { python } from '../support.ts'

const producerOp = python('producer', { outputs: { Output: t.string() } })
const consumerOp = python('consumer')

export default definePipeline({ name: 'pvc-mount-pipeline', inputs: { pvc_name: t.string() } }, (inputs) => {
  const producer = producerOp()
  kubernetes.mountPvc(producer, { pvcName: inputs.pvc_name, mountPath: '/data' })
  const consumer = consumerOp().after(producer)
  kubernetes.mountPvc(consumer, { pvcName: inputs.pvc_name, mountPath: '/data' })
})
