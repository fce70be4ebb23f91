/** Golden pipeline sequential_v2.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const downloadOp = defineContainerComponent({
  name: 'download',
  inputs: { url: t.string() },
  outputs: { downloaded: t.string() },
  image: 'google/cloud-sdk',
  command: ['sh', '-c'],
  args: ["gsutil cp {{$.inputs.parameters['url']}} {{$.outputs.parameters['downloaded'].output_file}}"],
})
const echoOp = defineContainerComponent({
  name: 'echo',
  inputs: { downloaded: t.string() },
  image: 'library/bash',
  command: ['sh', '-c'],
  args: ["echo {{$.inputs.parameters['downloaded']}}"],
})

export default definePipeline({ name: 'sequential', inputs: { url: t.string() } }, (inputs) => {
  const download = downloadOp({ url: inputs.url })
  const _echo = echoOp({ downloaded: download.outputs.downloaded })
})
