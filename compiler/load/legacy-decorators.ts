/** Finds the tsconfig flag that would make TypeScript compile decorators in their old, other meaning. */
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Issue } from '../../api/issue.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { nearestTsconfig } from './nearest-tsconfig.ts'

/** An issue when the file uses our decorators and the nearest tsconfig.json asks for legacy ones. */
export async function legacyDecoratorIssue(file: string): Promise<Issue | undefined> {
  const text = await readFile(file, 'utf8')
  if (!/^\s*@(pipeline|component)\b/m.test(text)) return undefined
  const config = await nearestTsconfig(dirname(file))
  if (!config) return undefined
  const match = /"experimentalDecorators"\s*:\s*true/.exec(withoutComments(config.text))
  if (!match) return undefined
  const line = config.text.split('\n').findIndex((candidate) => candidate.includes('"experimentalDecorators"')) + 1
  return makeIssue({
    code: 'legacy-decorators',
    message: 'experimentalDecorators is on, and the decorators of kfp-ts are the standard ones (TC39)',
    hint: 'remove "experimentalDecorators" from the tsconfig.json, or use definePipeline(…) and defineComponent(…)',
    location: { file: config.path, ...(line > 0 ? { line } : {}) },
  })
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|[\s,{])\/\/.*$/gm, '$1')
}
