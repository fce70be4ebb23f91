/** Answers of another program, kept in the user's cache: the same version, asked the same, would only need minutes to say it again. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kfp-ts', 'answers')

/** @param question everything that the answer depends on: the program, its versions, what it is asked */
export async function keptAnswer<T>(name: string, question: unknown, ask: () => Promise<T>): Promise<T> {
  const key = createHash('sha256').update(JSON.stringify(question)).digest('hex').slice(0, 24)
  const file = join(CACHE, `${name}-${key}.json`)
  const known = await readFile(file, 'utf8').catch(() => undefined)
  if (known !== undefined) return JSON.parse(known) as T
  const answer = await ask()
  await mkdir(CACHE, { recursive: true })
  await writeFile(`${file}.${process.pid}`, JSON.stringify(answer))
  await rename(`${file}.${process.pid}`, file)
  return answer
}
