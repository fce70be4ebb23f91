/** Logs are kept whole however their streams break, on a store that is a list of texts. */
import { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { LogOptions } from '../client/kube/client.ts'
import { KubeError, type KubeStream } from '../client/kube/transport.ts'
import { createLogKeeper, type LogSource } from './log-keeper.ts'
import { repeatedBytes, TAIL_BYTES } from './log-resume.ts'

const source: LogSource = { namespace: 'n', pod: 'p', runId: 'r', task: 'root/x', attempt: 1 }

/** Each answer is a function of the request: chunks, or an error in its place or at its end. */
function make(
  answers: ((options: LogOptions) => readonly (string | Error)[])[],
  maxStreams?: number,
  /** A stream stays open until then. */
  end: () => Promise<void> | undefined = () => undefined,
) {
  let kept = ''
  const asked: LogOptions[] = []
  const store = {
    keptLog: async () =>
      kept === ''
        ? undefined
        : {
            modifiedAt: 1e12,
            tail: { bytes: Buffer.from(kept.slice(-TAIL_BYTES)), isWhole: kept.length <= TAIL_BYTES },
          },
    openLog: async () =>
      new Writable({
        write(chunk: Buffer, _encoding, callback) {
          kept += chunk.toString()
          callback()
        },
      }),
  }
  const kube = {
    async log(_namespace: string, _pod: string, options: LogOptions = {}): Promise<KubeStream> {
      asked.push(options)
      const parts = answers.shift()?.(options) ?? [
        new KubeError({ method: 'GET', path: '/log' }, { status: 404, text: '' }),
      ]
      if (parts[0] instanceof KubeError) throw parts[0]
      async function* chunks(): AsyncGenerator<Buffer> {
        for (const part of parts) {
          if (part instanceof Error) throw part
          yield Buffer.from(part)
        }
        await end()
      }
      return { chunks: chunks(), close: () => {} }
    },
  }
  const keeper = createLogKeeper({ kube, store, retryMillis: 1, ...(maxStreams === undefined ? {} : { maxStreams }) })
  return { keeper, asked, kept: () => kept }
}
const lost = new Error('connection lost')
async function settled(check: () => boolean): Promise<void> {
  while (!check()) await delay(1)
}

test('a stream that ends by itself is the whole log: nothing is asked again', async () => {
  const { keeper, asked, kept } = make([() => ['one\n', 'two\n']])
  keeper.follow(source)
  keeper.follow(source)
  await settled(() => kept() === 'one\ntwo\n')
  await keeper.finish(source)
  expect(kept()).toBe('one\ntwo\n')
  expect(asked).toHaveLength(1)
})

test('a broken stream is taken up again where it broke, and nothing comes twice', async () => {
  const { keeper, asked, kept } = make([
    () => ['one\ntw', lost],
    () => ['one\ntwo\nthr', lost],
    () => ['one\ntwo\nthree\n'],
  ])
  keeper.follow(source)
  await settled(() => kept().endsWith('three\n'))
  await keeper.finish(source)
  expect(kept()).toBe('one\ntwo\nthree\n')
  expect(asked[1]?.sinceTime).toBeDefined()
})

test('what a pod said until it was killed stays when the pod is gone', async () => {
  const { keeper, kept } = make([() => ['last words\n', lost]])
  keeper.follow(source)
  await settled(() => kept() !== '')
  await keeper.finish(source)
  expect(kept()).toBe('last words\n')
})

test('the rest is fetched when the attempt ended before its stream could be opened again', async () => {
  const { keeper, kept } = make([() => ['one\n', lost], () => ['one\ntwo\n']])
  keeper.follow(source)
  await keeper.finish(source)
  expect(kept()).toBe('one\ntwo\n')
})

test('a stream that nobody asks for the end of makes room for another when it ends', async () => {
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const { keeper, asked, kept } = make([() => ['one\n'], () => ['two\n']], 1, () => ended)
  keeper.follow(source)
  keeper.forget(source)
  keeper.follow({ ...source, pod: 'q' })
  await settled(() => kept() === 'one\n')
  expect(asked).toHaveLength(1)
  end()
  await delay(5)
  keeper.follow({ ...source, pod: 'q' })
  await settled(() => asked.length === 2)
})

test('beyond the bound of streams a log is copied at the end', async () => {
  const { keeper, asked, kept } = make([() => ['all of it\n']], 0)
  keeper.follow(source)
  expect(asked).toEqual([])
  await keeper.finish(source)
  expect(kept()).toBe('all of it\n')
})

describe('what is kept already', () => {
  const tail = (text: string, isWhole = false) => ({ bytes: Buffer.from(text), isWhole })
  test.each([
    ['the whole log, again from its start', tail('a\n', true), 'a\na\n', 2],
    ['its end in the middle', tail('two\nthree\n'), 'one\ntwo\nthree\nfour\n', 14],
    ['the answer begins within the end', tail('one\ntwo\nthree\n'), 'three\nfour\n', 6],
    ['nothing of it, the file was rotated', tail('one\ntwo\n'), 'nine\n', 0],
    ['a log that the node has no more', tail('one\n'), 'unable to retrieve container logs for containerd://x', 52],
    ['nothing new', tail('one\ntwo\n', true), 'one\ntwo\n', 8],
  ])('%s', (_what, kept, again, expected) => {
    expect(repeatedBytes(kept, Buffer.from(again))).toBe(expected)
  })
})
