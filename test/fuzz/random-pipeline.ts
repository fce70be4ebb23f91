/** Random pipelines that are right by construction: every construct of the DSL, nested at random. One seed gives one pipeline. */
import {
  type AnyPipeline,
  type ArtifactRef,
  and,
  atLeast,
  type Condition,
  collected,
  defineContainerComponent,
  definePipeline,
  equals,
  exitHandler,
  greaterThan,
  If,
  importer,
  isIn,
  kubernetes,
  lessThan,
  not,
  oneOf,
  or,
  type ParameterRef,
  parallelFor,
  t,
  text,
} from 'kfp-ts'
import type { FakeComponent } from '../../local/testing/index.ts'

const image = 'busybox'
const number = defineContainerComponent({
  name: 'number',
  inputs: { n: t.integer({ default: 1 }), word: t.optional(t.string()) },
  outputs: { n: t.integer(), word: t.string() },
  image,
})
const numbers = defineContainerComponent({
  name: 'numbers',
  inputs: { n: t.integer() },
  outputs: { list: t.list(t.integer()) },
  image,
})
const data = defineContainerComponent({
  name: 'data',
  inputs: { n: t.integer(), options: t.optional(t.struct()) },
  outputs: { data: t.dataset() },
  image,
})
const measure = defineContainerComponent({
  name: 'measure',
  inputs: { data: t.dataset() },
  outputs: { n: t.integer() },
  image,
})
const sum = defineContainerComponent({ name: 'sum', inputs: { list: t.list() }, outputs: { n: t.integer() }, image })
const merge = defineContainerComponent({
  name: 'merge',
  inputs: { all: t.list(t.dataset()) },
  outputs: { n: t.integer() },
  image,
})
const finish = defineContainerComponent({ name: 'finish', inputs: { status: t.finalStatus() }, image })

/** Fakes for all of them. */
export const fakes: Readonly<Record<string, FakeComponent>> = {
  number: ({ parameters }) => ({
    n: (Number(parameters['n'] ?? 1) * 7 + 3) % 10,
    word: String(parameters['word'] ?? 'none'),
  }),
  numbers: ({ parameters }) => ({
    list: Array.from({ length: Math.abs(Number(parameters['n'])) % 4 }, (_, index) => index),
  }),
  data: () => ({ data: { content: 'x' } }),
  measure: () => ({ n: 5 }),
  sum: ({ parameters }) => ({ n: JSON.stringify(parameters['list']).length % 10 }),
  merge: ({ artifacts }) => ({ n: (artifacts['all'] ?? []).length }),
  finish: () => ({}),
}

/** Values that a block may use. */
interface Pool {
  readonly numbers: ParameterRef<number>[]
  readonly words: ParameterRef<string>[]
  readonly data: ArtifactRef<'system.Dataset', false>[]
}

export function randomPipeline(seed: number): AnyPipeline {
  const random = generator(seed)
  return definePipeline(
    { name: `random-${seed}`, inputs: { n: t.integer({ default: seed % 10 }), word: t.string({ default: "it's" }) } },
    ({ n, word }) => {
      const pool: Pool = { numbers: [n], words: [word], data: [] }
      const write = (): void => new Writer(random).block(pool, 0)
      if (random() < 0.3) exitHandler(finish(), write)
      else write()
      return { last: new Writer(random).task({ numbers: [n], words: [word], data: [] }) }
    },
  )
}

class Writer {
  readonly #random: () => number
  constructor(random: () => number) {
    this.#random = random
  }

  block(pool: Pool, depth: number): void {
    const statements = 1 + this.#below(depth === 0 ? 5 : 3)
    for (let index = 0; index < statements; index++) this.#statement(pool, depth)
  }

  #statement(pool: Pool, depth: number): void {
    const kinds = depth >= 3 ? 3 : 8
    switch (this.#below(kinds)) {
      case 0:
      case 1:
        this.task(pool)
        return
      case 2:
        this.#data(pool)
        return
      case 3:
      case 4:
        this.#branches(pool, depth)
        return
      case 5:
        this.#loop(pool, depth)
        return
      case 6:
        this.#gather(pool)
        return
      default:
        this.#nested(pool, depth)
    }
  }

  /** One task with settings at random; its outputs join the pool. */
  task(pool: Pool): ParameterRef<number> {
    const n = this.#pick(pool.numbers)
    const made = number({ n, word: this.#below(2) ? text`w ${this.#pick(pool.words)} ${n}` : this.#pick(pool.words) })
    if (this.#below(3) === 0) made.setRetry({ maxRetries: this.#below(4) })
    if (this.#below(4) === 0) made.setCaching(false)
    if (this.#below(5) === 0) made.setCpuLimit('500m').setMemoryLimit(this.#pick(pool.words)).setEnv('A', 'b')
    if (this.#below(5) === 0)
      kubernetes.useSecretAsEnv(made, { secretName: this.#pick(pool.words), keyToEnv: { key: 'KEY' } })
    pool.numbers.push(made.outputs.n)
    pool.words.push(made.outputs.word)
    return made.outputs.n
  }

  #data(pool: Pool): void {
    const made = data({ n: this.#pick(pool.numbers), options: { deep: [this.#pick(pool.numbers), 'x'] } })
    pool.data.push(made.output)
    const counted = measure({ data: this.#pick(pool.data) }).after(made)
    pool.numbers.push(counted.output)
    if (this.#below(6) === 0)
      importer({ uri: 'gs://bucket/a', type: t.dataset(), metadata: { n: this.#pick(pool.numbers) } })
  }

  #branches(pool: Pool, depth: number): void {
    const body = () => {
      const inner = copy(pool)
      if (this.#below(2)) this.block(inner, depth + 1)
      return this.task(inner)
    }
    if (this.#below(3) === 0) {
      If(this.#condition(pool, 0), body)
      return
    }
    const chain = If(this.#condition(pool, 0), body)
    const [first, second, third] = this.#below(2)
      ? chain.Elif(this.#condition(pool, 0), body).Else(body).results
      : chain.Else(body).results
    pool.numbers.push(third ? oneOf(first, second, third) : oneOf(first, second))
  }

  #condition(pool: Pool, depth: number): Condition {
    const n = this.#pick(pool.numbers)
    switch (this.#below(depth > 2 ? 4 : 8)) {
      case 0:
        return greaterThan(n, this.#below(10))
      case 1:
        return equals(this.#pick(pool.words), "it's")
      case 2:
        return isIn(n, [1, 2, this.#pick(pool.numbers)])
      case 3:
        return lessThan(n, this.#pick(pool.numbers))
      case 4:
        return and(this.#condition(pool, depth + 1), this.#condition(pool, depth + 1))
      case 5:
        return or(this.#condition(pool, depth + 1), this.#condition(pool, depth + 1))
      case 6:
        return not(this.#condition(pool, depth + 1))
      default:
        return atLeast(n, 2.5)
    }
  }

  #loop(pool: Pool, depth: number): void {
    const body = (item: ParameterRef<number>) => {
      const inner = copy(pool)
      inner.numbers.push(item, item)
      if (this.#below(2)) this.block(inner, depth + 1)
      this.#data(inner)
      return { n: this.task(inner), data: inner.data.at(-1)! }
    }
    const options = this.#below(2) ? { parallelism: 1 + this.#below(3) } : {}
    const made = this.#below(2)
      ? parallelFor([1, 2, 3], body, options)
      : parallelFor(numbers({ n: this.#pick(pool.numbers) }).output, body, options)
    if (this.#below(3)) pool.numbers.push(sum({ list: collected(made.n) }).output)
    if (this.#below(3)) pool.numbers.push(merge({ all: collected(made.data) }).output)
  }

  #gather(pool: Pool): void {
    const rounds = parallelFor([{ n: 1, word: 'a' }], (item) =>
      number({ n: item.field('n'), word: item.field('word') }),
    )
    pool.numbers.push(sum({ list: collected(rounds.outputs.n) }).output)
  }

  #nested(pool: Pool, depth: number): void {
    const inner = definePipeline(
      { name: `inner-${depth}`, inputs: { n: t.integer(), word: t.string({ default: 'd' }) } },
      ({ n, word }) => {
        const own: Pool = { numbers: [n], words: [word], data: [] }
        this.block(own, depth + 1)
        return { n: this.task(own) }
      },
    )
    pool.numbers.push(inner({ n: this.#pick(pool.numbers) }).outputs.n)
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!
  }
}

const copy = (pool: Pool): Pool => ({ numbers: [...pool.numbers], words: [...pool.words], data: [...pool.data] })

/** mulberry32. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
