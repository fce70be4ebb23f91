/** Components from YAML text, in both public formats: component.yaml (v1) and compiled pipelines or components (IR). */
import { parseAllDocuments } from 'yaml'
import { InvalidInputError, type Issue } from '../../api/issue.ts'
import { componentOf } from '../component.ts'
import { here } from '../location.ts'
import { componentFromDocument } from './from-document.ts'
import { componentFromV1 } from './from-v1.ts'
import type { LoadedComponent } from './loaded.ts'

/** Where the text is from, for messages. */
export interface LoadSource {
  readonly file?: string
}

/**
 * Loads a component from text.
 *
 * @throws InvalidInputError with everything that is wrong in the text
 * @example const train = loadComponentFromText('name: train\nimplementation: …')
 */
export function loadComponentFromText(text: string, source: LoadSource = {}): LoadedComponent {
  const site = here()
  const model = isComponentYaml(text, source)
    ? componentFromV1(text, source, site)
    : componentFromDocument(text, source, site)
  return componentOf(model) as unknown as LoadedComponent
}

/** component.yaml has an `implementation`; everything else is taken for IR, whose reader then says what is wrong. */
function isComponentYaml(text: string, source: LoadSource): boolean {
  if (!/^\s*["']?implementation["']?\s*:/m.test(text)) return false
  const documents = parseAllDocuments(text, { logLevel: 'silent', uniqueKeys: true })
  const [first] = documents
  const problem = 'length' in documents ? documents.flatMap(({ errors }) => errors)[0] : undefined
  if (problem) {
    const line = problem.linePos?.[0]
    const issue: Issue = {
      code: 'yaml-syntax',
      severity: 'error',
      path: '',
      message: problem.message.split('\n')[0] ?? 'this is no YAML',
      hint: 'correct the YAML here',
      location: {
        ...(source.file === undefined ? {} : { file: source.file }),
        ...(line ? { line: line.line, column: line.col } : {}),
      },
    }
    throw new InvalidInputError([issue])
  }
  return first !== undefined && 'has' in first && first.has('implementation')
}
