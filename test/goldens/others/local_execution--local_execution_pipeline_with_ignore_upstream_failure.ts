/** Golden pipeline local_execution/local_execution_pipeline_with_ignore_upstream_failure.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const failAlwaysOp = python('fail_always', { outputs: { Output: t.string() } })
const writeMarkerOp = python('write_marker', { inputs: { marker_path: t.string() }, outputs: { Output: t.string() } })

export default definePipeline(
  { name: 'pipeline-with-ignore-upstream-failure', inputs: { marker_path: t.string() } },
  (inputs) => {
    const failAlways = failAlwaysOp()
    writeMarkerOp({ marker_path: inputs.marker_path }).after(failAlways).ignoreUpstreamFailure()
  },
)
