/** deploy_model: what has to be applied so that a cluster serves the version behind an alias. After promote_model. */
import { writeFile } from 'node:fs/promises'
import { defineComponent, t } from '../../dsl/index.ts'
import { trackingServer } from '../registry/http.ts'
import { servingManifest } from './manifest.ts'

export const deployModel = /* @__PURE__ */ defineComponent({
  name: 'deploy_model',
  description:
    'Writes the Deployment and Service, or the KServe InferenceService, that serve the model behind an alias.',
  inputs: {
    name: t.string({ description: 'model in the registry' }),
    alias: t.string({ default: 'champion' }),
    kserve: t.boolean({ default: false }),
    image: t.string({ default: 'kfp-ts:latest' }),
    replicas: t.integer({ default: 2 }),
    server: t.string({ default: '', description: 'where the pods reach the registry' }),
  },
  outputs: { manifest: t.artifact({ description: 'for kubectl apply -f' }) },
  async run(inputs, { manifest }) {
    const text = servingManifest({
      model: inputs.name,
      alias: inputs.alias,
      trackingUrl: trackingServer(inputs.server).url,
      kind: inputs.kserve ? 'kserve' : 'deployment',
      image: inputs.image,
      replicas: inputs.replicas,
    })
    await writeFile(manifest.path, text)
  },
})
