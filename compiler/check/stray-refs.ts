/** The last look at a document before it is handed out: no mark of a reference leaves the compiler. Before it: the checks where texts are taken. */
import type { Issue } from '../../api/issue.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { MISPLACED_REFERENCE, pathsOfRefs } from '../../dsl/constant.ts'
import type { PipelineModel } from '../../dsl/graph.ts'
import { makeIssue } from '../../dsl/scope.ts'

export function checkStrayRefs(
  { spec, platform }: PipelineDocument,
  { site }: PipelineModel,
  before: readonly Issue[],
): readonly Issue[] {
  // What is reported at its own place may still stand in the document.
  if (before.some(({ code }) => code === MISPLACED_REFERENCE)) return []
  return [...pathsOfRefs(spec), ...pathsOfRefs(platform, 'platform')].map((path) =>
    makeIssue({
      code: MISPLACED_REFERENCE,
      path,
      message: `a text or name in ${path} of the compiled document holds a reference, which cannot stand there`,
      hint: 'references can be inputs of tasks, texts in these, and settings that take parameters; use a constant here',
      site,
    }),
  )
}
