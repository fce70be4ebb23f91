/** promote_model: moves an alias to a version if it passes the gate; asks people where people have to agree. After register_model. */
import { defineComponent, t } from '../../dsl/index.ts'
import { trackingServer } from '../registry/http.ts'

export const promoteModel = /* @__PURE__ */ defineComponent({
  name: 'promote_model',
  description: 'Moves an alias to a version when a metric is at least as good as that of the version that holds it.',
  inputs: {
    name: t.string({ description: 'model in the registry' }),
    version: t.string(),
    alias: t.string({ default: 'champion' }),
    metric: t.string({ default: '', description: 'compared with the holder of the alias; empty: no comparison' }),
    higher_is_better: t.boolean({ default: true }),
    min_improvement: t.number({ default: 0 }),
    threshold: t.optional(t.number({ description: 'the least value, or the largest when lower is better' })),
    approvers: t.string({ default: '', description: 'people or groups, separated by commas: one of them must agree' }),
    approval_hours: t.number({ default: 72, description: 'how long they may take' }),
    reason: t.string({ default: '' }),
    server: t.string({ default: '', description: 'URL; by default the server that runs the pipeline' }),
  },
  outputs: {
    outcome: t.string({ description: 'promoted, waiting or refused' }),
    explanation: t.string(),
  },
  async run(inputs) {
    const server = trackingServer(inputs.server)
    const approvers = inputs.approvers.split(',').map((name) => name.trim())
    const path = `/api/v1/models/${encodeURIComponent(inputs.name)}/aliases/${encodeURIComponent(inputs.alias)}/promote`
    const answer = await server.call('POST', path, {
      version: inputs.version,
      gate: {
        metric: inputs.metric,
        higherIsBetter: inputs.higher_is_better,
        minImprovement: inputs.min_improvement,
        threshold: inputs.threshold,
      },
      approvers: approvers.filter((name) => name !== ''),
      expiresInSeconds: Math.max(1, Math.round(inputs.approval_hours * 3600)),
      reason: inputs.reason,
    })
    const { outcome, gate } = answer as { outcome: string; gate: { explanation: string } }
    console.log(`${outcome}: ${gate.explanation}`)
    return { outcome, explanation: gate.explanation }
  },
})
