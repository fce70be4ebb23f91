/** Components that the type tests wire together. */
import { defineComponent, defineContainerComponent, t } from 'kfp-ts'

export const load = defineComponent({
  name: 'load',
  inputs: { path: t.string(), rows: t.optional(t.integer()), mode: t.literal(['fast', 'safe'], { default: 'fast' }) },
  outputs: { data: t.dataset() },
  run() {},
})
export const train = defineComponent({
  name: 'train',
  inputs: {
    data: t.dataset(),
    trees: t.integer({ default: 100 }),
    options: t.optional(t.struct({ depth: t.integer() })),
  },
  outputs: { model: t.model(), accuracy: t.number(), name: t.string() },
  run: () => ({ accuracy: 0.9, name: 'forest' }),
})
export const use = defineComponent({ name: 'use', inputs: { model: t.model() }, run() {} })
export const show = defineContainerComponent({ name: 'show', inputs: { any: t.artifact() }, image: 'busybox' })
export const say = defineContainerComponent({
  name: 'say',
  inputs: { words: t.string() },
  outputs: { said: t.string() },
  image: 'busybox',
})
export const count = defineContainerComponent({
  name: 'count',
  inputs: { n: t.integer() },
  outputs: { n: t.integer() },
  image: 'busybox',
})
export const list = defineContainerComponent({
  name: 'list',
  outputs: { numbers: t.list(t.integer()), records: t.list(t.struct({ id: t.string() })) },
  image: 'busybox',
})
export const merge = defineContainerComponent({
  name: 'merge',
  inputs: { models: t.list(t.model()) },
  image: 'busybox',
})
export const sum = defineContainerComponent({ name: 'sum', inputs: { numbers: t.list(t.integer()) }, image: 'busybox' })
export const notify = defineContainerComponent({
  name: 'notify',
  inputs: { status: t.finalStatus() },
  image: 'busybox',
})
