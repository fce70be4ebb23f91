/** Golden pipeline pipeline_with_volume_no_cache.yaml in our DSL. */
import { definePipeline, kubernetes, t } from 'kfp-ts'
import { python } from '../support.ts'

const producerOp = python('producer', { outputs: { Output: t.string() } })
const consumerOp = python('consumer', { outputs: { Output: t.string() } })

export default definePipeline({ name: 'pipeline-with-volume-no-cache' }, () => {
  const createpvc = kubernetes
    .createPvc({
      access_modes: ['ReadWriteOnce'],
      pvc_name_suffix: '-my-pvc',
      size: '5Mi',
      storage_class_name: 'standard',
    })
    .setCaching(false)
  const producer = producerOp().after(createpvc)
  kubernetes.mountPvc(producer, { pvcName: createpvc.outputs.name, mountPath: '/data' })
  const consumer = consumerOp().after(createpvc).after(producer)
  kubernetes.mountPvc(consumer, { pvcName: createpvc.outputs.name, mountPath: '/data' })
  kubernetes.deletePvc({ pvc_name: createpvc.outputs.name }).after(consumer).setCaching(false)
})
