/** Golden pipeline upload_download_compiled.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const sendFileOp = python('send_file', {
  inputs: { file_size_bytes: t.integer() },
  outputs: { outgoingfile: t.artifact() },
})
const receiveFileOp = python('receive_file', {
  inputs: { incomingfile: t.artifact() },
  outputs: { saveartifact: t.artifact() },
})
const testUploadedArtifactOp = python('test_uploaded_artifact', {
  inputs: {
    bucket_name: t.string(),
    file_size_bytes: t.integer(),
    mlpipeline_minio_artifact_secret: t.string(),
    previous_step: t.artifact(),
  },
})

export default definePipeline(
  {
    name: 'test-data-passing-pipeline-1',
    inputs: { bucket_name: t.string(), mlpipeline_minio_artifact_secret: t.string() },
  },
  (inputs) => {
    const sendFile = sendFileOp({ file_size_bytes: 20971520 }).setCaching(false)
    const receiveFile = receiveFileOp({ incomingfile: sendFile.outputs.outgoingfile }).setCaching(false)
    testUploadedArtifactOp({
      bucket_name: inputs.bucket_name,
      file_size_bytes: 20971520,
      mlpipeline_minio_artifact_secret: inputs.mlpipeline_minio_artifact_secret,
      previous_step: receiveFile.outputs.saveartifact,
    }).setCaching(false)
  },
)
