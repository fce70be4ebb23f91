/** What tsc must accept and refuse in definitions of components. */
import {
  asComponent,
  component,
  defineComponent,
  defineContainerComponent,
  type ParameterRef,
  pipeline,
  type RunInputArtifact,
  type RunOutputArtifact,
  t,
} from 'kfp-ts'
import { load, train, use } from './components.ts'
import typedYaml from './train.yaml'

defineComponent({
  name: 'run',
  inputs: { data: t.dataset(), n: t.integer(), words: t.optional(t.string()), many: t.list(t.model()) },
  outputs: {
    metrics: t.metrics(),
    roc: t.classificationMetrics(),
    page: t.html(),
    model: t.model(),
    score: t.number(),
  },
  run({ data, n, words, many }, { metrics, roc, page, model }, { signal }) {
    metrics.logMetric('score', n)
    roc.logRocCurve([0], [1], [0.5])
    page.write(`<p>${data.path}${words?.length}${many.length}${signal.aborted}</p>`)
    model.framework = 'forest'
    // @ts-expect-error a Model has no logMetric
    model.logMetric('score', 1)
    // @ts-expect-error an optional input may be missing
    words.toUpperCase()
    // @ts-expect-error a number has no toUpperCase
    n.toUpperCase()
    // @ts-expect-error inputs are read only
    data.uri = ''
    return { score: n }
  },
})
// @ts-expect-error run does not return its output
defineComponent({ name: 'none', outputs: { score: t.number() }, run() {} })
// @ts-expect-error run returns another type
defineComponent({ name: 'wrong', outputs: { score: t.number() }, run: () => ({ score: 'high' }) })
// @ts-expect-error the default has another type
t.integer({ default: 'many' })
// @ts-expect-error the default is none of the literals
t.literal(['a', 'b'], { default: 'c' })

defineContainerComponent({
  name: 'container',
  inputs: { data: t.dataset(), n: t.integer() },
  outputs: { model: t.model() },
  image: 'busybox',
  args: ({ data, n }, { model }) => [data.path, n, `--n=${n}`, model.uri],
})
defineContainerComponent({
  name: 'unknown',
  inputs: { data: t.dataset() },
  image: 'busybox',
  // @ts-expect-error there is no such input
  args: ({ rows }) => [rows],
})

class Steps {
  @component({ inputs: { data: t.dataset(), n: t.integer() }, outputs: { model: t.model(), score: t.number() } })
  static fit(
    { n }: { data: RunInputArtifact<'system.Dataset'>; n: number },
    { model }: { model: RunOutputArtifact<'system.Model'> },
  ) {
    model.framework = 'x'
    return { score: n }
  }

  @component({ inputs: { flag: t.boolean(), mode: t.literal(['a', 'b']), depth: t.optional(t.integer()) } })
  static choose({ flag }: { flag: boolean; mode: 'a' | 'b'; depth: number | undefined }) {
    flag.valueOf()
  }

  @component({ inputs: { model: t.optional(t.model()) } })
  // biome-ignore lint/suspicious/noExplicitAny: what a method takes need not be said.
  static untyped({ model }: any) {
    model?.uri.trim()
  }

  // @ts-expect-error the method takes a string where the component has an integer
  @component({ inputs: { n: t.integer() } })
  static wrong({ n }: { n: string }) {
    return n
  }
}

interface ChoiceRefs {
  readonly flag: ParameterRef<boolean>
  readonly mode: ParameterRef<'a' | 'b'>
  readonly depth: ParameterRef<number | undefined>
  readonly word: ParameterRef<string>
}

export class Pipelines {
  @pipeline({ name: 'fitting', inputs: { n: t.integer() } })
  static build({ n }: { n: ParameterRef<number> }) {
    const fitted = asComponent(Steps.fit)({ data: load({ path: 'a' }).output, n })
    use({ model: fitted.outputs.model })
    // @ts-expect-error a string where a number is wanted
    asComponent(Steps.fit)({ data: load({ path: 'a' }).output, n: 'three' })
    // @ts-expect-error a Model where a Dataset is wanted
    asComponent(Steps.fit)({ data: fitted.outputs.model, n })
  }

  @pipeline({
    name: 'choosing',
    inputs: { flag: t.boolean(), mode: t.literal(['a', 'b']), depth: t.optional(t.integer()), word: t.string() },
  })
  static choosing({ flag, mode, depth, word }: ChoiceRefs) {
    asComponent(Steps.choose)({ flag, mode, depth })
    asComponent(Steps.choose)({ flag: true, mode: 'a', depth: 3 })
    asComponent(Steps.untyped)({ model: train({ data: load({ path: 'a' }).output }).outputs.model })
    // @ts-expect-error a text where a boolean is wanted
    asComponent(Steps.choose)({ flag: word, mode, depth })
    // @ts-expect-error any text where a literal is wanted
    asComponent(Steps.choose)({ flag, mode: word, depth })
    // @ts-expect-error an optional number where an input needs one
    asComponent(Steps.fit)({ data: load({ path: 'a' }).output, n: depth })
  }

  // @ts-expect-error the method takes a plain number where it gets a reference
  @pipeline({ name: 'wrong', inputs: { n: t.integer() } })
  static wrong({ n }: { n: number }) {
    return n
  }
}

export const typed = () => {
  const trained = typedYaml({ data: load({ path: 'a' }).output, trees: 3 })
  use({ model: trained.outputs.model })
  // @ts-expect-error a component from YAML has types too: a required input is missing
  typedYaml({})
  // @ts-expect-error a string where a number is wanted
  typedYaml({ data: load({ path: 'a' }).output, trees: 'many' })
  // @ts-expect-error an output that it does not have
  trained.outputs.mode.toString()
}
