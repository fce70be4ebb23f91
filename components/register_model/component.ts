/** register_model: a trained model becomes the next version under a name of the registry. After train and evaluate. */
import { readFile } from 'node:fs/promises'
import { defineComponent, t } from '../../dsl/index.ts'
import { trackingServer } from '../registry/http.ts'
import { registerVersion } from './register.ts'

export const registerModel = /* @__PURE__ */ defineComponent({
  name: 'register_model',
  description: 'Registers a model with its metrics as the next version of a name; may set an alias.',
  inputs: {
    model: t.model({ description: 'of train, or any model file' }),
    metrics: t.optional(t.metrics({ description: 'of evaluate: kept with the version, for gates' })),
    name: t.string({ description: 'name in the registry' }),
    alias: t.string({ default: '', description: 'set at once, without a gate; see promote_model' }),
    description: t.string({ default: '' }),
    file_name: t.string({ default: 'model.json', description: 'of the model file in the registry' }),
    server: t.string({ default: '', description: 'URL; by default the server that runs the pipeline' }),
  },
  outputs: { version: t.string() },
  async run(inputs) {
    const numbers = Object.entries(inputs.metrics?.metadata ?? {}).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number',
    )
    const version = await registerVersion(trackingServer(inputs.server), {
      name: inputs.name,
      fileName: inputs.file_name,
      content: await readFile(inputs.model.path),
      metrics: Object.fromEntries(numbers),
      description: inputs.description,
      alias: inputs.alias,
    })
    console.log(`${inputs.name} version ${version}`)
    return { version }
  },
})
