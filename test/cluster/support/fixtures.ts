/**
 * What a test file stands on, made before its tests and gone after them, in the reverse order of the calls:
 * `const place = usePlace('runs'); const operator = useOperator(place, ['--image-grace', '2'])`.
 */
import { afterAll, aroundEach, beforeAll } from 'vitest'
import {
  type OperatorProcess,
  type Place,
  planPlace,
  type Submission,
  startOperatorProcess,
  submissions,
} from './cluster.ts'
import {
  ALL_RIGHTS,
  type Ask,
  clientOf,
  makeAccount,
  type ServedOperator,
  startServedOperator,
  tokenOf,
} from './server.ts'
import { type ObjectStore, startObjectStore } from './servers.ts'

/** A namespace of its own with a store volume. */
export function usePlace(name: string): Place {
  const place = planPlace(name)
  beforeAll(() => place.make())
  cancelAfterFailure()
  afterAll(() => place.remove())
  return place
}

/** What a failed test left running would hold limits, locks and quota that the next ones need. */
function cancelAfterFailure(): void {
  aroundEach(async (runTest, { task }) => {
    const submitted: Submission[] = []
    await submissions.run(submitted, runTest)
    if (task.result?.state !== 'fail') return
    // One that is gone needs no canceling, and a second error would hide the first.
    await Promise.allSettled(submitted.map(({ place, run }) => place.runs.cancel(run.metadata.name)))
  })
}

/** An S3 server whose credentials lie in the place's Secret `s3`. */
export function useObjectStore(place: Place): ObjectStore {
  return useMade(
    () => startObjectStore(place),
    (objects) => objects.stop(),
  )
}

/** An operator of the place, with its artifacts on the volume or in the object store. */
export function useOperator(
  place: Place,
  flags: readonly string[] = [],
  objects?: ObjectStore,
): OperatorProcess & Again {
  return useMade(() => startOperatorProcess(place, withObjects(flags, objects), objects?.operatorEnvironment), end)
}

/** The same with the server beside it. */
export function useServedOperator(
  place: Place,
  flags: readonly string[] = [],
  objects?: ObjectStore,
): ServedOperator & Again {
  return useMade(() => {
    const environment = objects ? { environment: objects.operatorEnvironment } : {}
    return startServedOperator(place, withObjects(flags, objects), environment)
  }, end)
}

/** Requests of an account with all rights, `editor`, to the place's workspace. */
export function useEditor(place: Place, operator: ServedOperator): Ask {
  const editor = useMade(async () => {
    await makeAccount(place, 'editor', ALL_RIGHTS)
    const token = await tokenOf(place, 'editor')
    return { ask: clientOf(operator.url, token, { 'x-mlflow-workspace': place.namespace }) }
  })
  return (...request) => editor.ask(...request)
}

const withObjects = (flags: readonly string[], objects?: ObjectStore) => [
  ...flags,
  ...(objects?.operatorArguments ?? []),
]
const end = (operator: OperatorProcess) => operator.kill()

export interface Again {
  /** Makes it another time, after a test ended it. */
  startAgain(): Promise<void>
}

/** Stands for what the hook makes, so that a file names it once, as a constant. */
function useMade<T extends object>(make: () => Promise<T>, remove?: (made: T) => Promise<unknown>): T & Again {
  let made: T | undefined
  const startAgain = async () => {
    made = await make()
  }
  beforeAll(startAgain)
  afterAll(async () => {
    if (made) await remove?.(made)
  })
  return new Proxy({ startAgain } as T & Again, {
    get(target, property) {
      if (property in target) return Reflect.get(target, property)
      if (!made) throw new Error(`${String(property)} is there only once the tests begin`)
      return Reflect.get(made, property)
    },
  })
}
