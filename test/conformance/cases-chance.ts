/** Cases of the corpus whose result depends on chance: each run must be one of the possible ones. */
import type { ConformanceCase, Observed } from './expectation.ts'

/** What is wrong unless `actual` is `expected`. */
function same(what: string, actual: unknown, expected: unknown): string[] {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  return a === b ? [] : [`${what} is ${a}, not ${b}`]
}

function ranOnly(observed: Observed, ran: readonly string[], notRun: readonly string[]): string[] {
  const state = (path: string) => observed.step(path)?.state ?? 'SKIPPED'
  return [
    ...ran.flatMap((path) => same(path, state(path), 'SUCCEEDED')),
    ...notRun.flatMap((path) => same(path, state(path), 'SKIPPED')),
  ]
}

/** The coin pipelines: heads or tails, then a number above or below a limit. */
function coin(names: { readonly number: string; readonly print: string; readonly output: string }) {
  return (observed: Observed): string[] => {
    const side = observed.output('flip-coin', names.output)
    const heads = side === 'heads'
    const group = heads ? 'condition-1' : 'condition-4'
    const number = observed.output(`${group}/${names.number}${heads ? '' : '-2'}`, names.output)
    const limit = heads ? 5 : 15
    const above = Number(number) > limit
    const ids = heads ? [2, 3, 1, 2] : [5, 6, 3, 4]
    const step = (condition: number, print: number) =>
      `${group}/condition-${condition}/${names.print}${print === 1 ? '' : `-${print}`}`
    const [high, low] = [step(ids[0]!, ids[2]!), step(ids[1]!, ids[3]!)]
    const text = `${side} and ${number} ${above ? '>' : '<='} ${limit}!`
    return [
      ...(side === 'heads' || side === 'tails' ? [] : [`the coin shows ${JSON.stringify(side)}`]),
      ...ranOnly(observed, [above ? high : low], [above ? low : high, heads ? 'condition-4' : 'condition-1']),
      ...(observed.log(above ? high : low).includes(text) ? [] : [`the log lacks ${JSON.stringify(text)}`]),
    ]
  }
}

/** if_elif_else_complex: a number below, above or at 5000 in each of three trials. */
function luckyNumber(observed: Observed): string[] {
  const numbers = [0, 1, 2].map((trial) => Number(observed.output(`for-loop-1[${trial}]/int-0-to-9999`)))
  const wrong = numbers.flatMap((number, trial) => {
    const place = `for-loop-1[${trial}]/condition-branches-4`
    const parity = number % 2 === 0 ? 'even' : 'odd'
    if (number < 5000)
      return same(
        `trial ${trial}`,
        observed.output(`${place}/condition-8/print-and-return-4`),
        `Got a low ${parity} number!`,
      )
    if (number > 5000)
      return same(
        `trial ${trial}`,
        observed.output(`${place}/condition-9/print-and-return-7`),
        `Got a high ${parity} number!`,
      )
    const again = `${place}/condition-13/condition-14/for-loop-16[1]/print-and-return-9`
    return same(again, observed.output(again), 'Announcing again: Got the lucky number 5000! A one in 10,000 chance.')
  })
  const drumroll = 'for-loop-1[2]/condition-2/condition-3/print-and-return'
  const list = `[${numbers.join(', ')}]`
  return [
    ...wrong,
    ...same(drumroll, observed.output(drumroll), 'Adding drumroll on last trial!'),
    ...ranOnly(observed, [], ['for-loop-1[0]/condition-2/condition-3', 'for-loop-1[1]/condition-2/condition-3']),
    ...(observed.log('print-ints').includes(list) ? [] : [`print-ints did not print ${list}`]),
  ]
}

const rows: readonly ConformanceCase[] = [
  { file: 'critical/flip_coin.yaml', check: coin({ number: 'random-num', print: 'print-msg', output: 'Output' }) },
  {
    file: 'essential/pipeline_with_nested_conditions_yaml.yaml',
    standIns: ['python'],
    check: coin({ number: 'generate-random-number', print: 'print', output: 'output' }),
  },
  {
    file: 'essential/pipeline_with_condition.yaml',
    check: (observed) => {
      const heads = observed.output('flip-coin-op') === 'heads'
      const inside = ['condition-1/flip-coin-op-2', 'condition-1/print-op-2', 'condition-1/print-op-3']
      return [
        ...ranOnly(observed, ['print-op', ...(heads ? inside : [])], heads ? [] : ['condition-1']),
        ...(!heads || observed.log('condition-1/print-op-3').includes('condition test')
          ? []
          : ['print-op-3 printed something else']),
      ]
    },
  },
  {
    file: 'if_else_with_oneof_parameters.yaml',
    check: (observed) => {
      const heads = observed.output('flip-coin') === 'heads'
      const text = heads ? 'Got heads!' : 'Got tails!'
      const [ran, not] = heads ? ['condition-2', 'condition-3'] : ['condition-3', 'condition-2']
      return [
        ...same('the output', observed.report.outputs['Output'], text),
        ...same('print-and-return-3', observed.output('print-and-return-3'), text),
        ...ranOnly(observed, [`condition-branches-1/${ran}`], [`condition-branches-1/${not}`]),
      ]
    },
  },
  { file: 'if_elif_else_complex.yaml', check: luckyNumber },
  {
    file: 'essential/pipeline_with_metrics_outputs.yaml',
    check: ({ step }) =>
      ['output-metrics', 'for-loop-2[0]/output-metrics-2', 'for-loop-2[1]/output-metrics-2'].flatMap((path) => {
        const accuracy = step(path)?.outputs.artifacts['metrics']?.[0]?.metadata['accuracy']
        return typeof accuracy === 'number' && accuracy >= 0 && accuracy <= 100 ? [] : [`${path}: accuracy ${accuracy}`]
      }),
  },
  {
    file: 'metrics_visualization_v2.yaml',
    steps: {
      'html-visualization': {
        artifacts: { html_artifact: { text: '<!DOCTYPE html><html><body><h1>Hello world</h1></body></html>' } },
      },
      'markdown-visualization': { artifacts: { markdown_artifact: { text: '## Hello world \n\n Markdown content' } } },
    },
    check: ({ step }) => {
      const metadata = (path: string) => step(path)?.outputs.artifacts['metrics']?.[0]?.metadata ?? {}
      const accuracy = Number(metadata('digit-classification')['accuracy'])
      const matrix = metadata('iris-sgdclassifier')['confusionMatrix'] as { rows?: unknown[] } | undefined
      const curve = metadata('wine-classification')['confidenceMetrics']
      return [
        ...(accuracy > 80 && accuracy <= 100 ? [] : [`accuracy ${accuracy}`]),
        ...same('rows of the confusion matrix', matrix?.rows?.length, 3),
        ...(Array.isArray(curve) && curve.length > 2 ? [] : ['no ROC curve']),
      ]
    },
  },
]

export const chanceCases: readonly ConformanceCase[] = rows.map((one) => ({ ...one, random: true }))
