/** Golden pipeline pipeline_with_secret_as_volume.yaml in our DSL. */
import { definePipeline, kubernetes, t } from 'kfp-ts'
import { python } from '../support.ts'

const compOp = python('comp')

export default definePipeline(
  { name: 'pipeline-secret-volume', inputs: { secret_param: t.string({ default: 'test-secret-1' }) } },
  (inputs) => {
    const comp = compOp()
    kubernetes.useSecretAsVolume(comp, { secretName: inputs.secret_param, mountPath: '/mnt/my_vol' })
  },
)
