/** Takes the TypeScript out of Markdown, so that what the documentation shows is compiled like any other source. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface CodeBlock {
  /** Markdown file, relative to the root. */
  readonly document: string
  /** Line of the first line of code, from 1. */
  readonly line: number
  /** Name to import it by from other blocks of the document: its first line when that is `// name.ts`. */
  readonly fileName?: string
  readonly code: string
}

/**
 * All ```ts blocks of one document. A block with the word `ignore` after `ts` shows what must not compile; it is left out here
 * and listed by `ignored`.
 */
export function codeBlocks(document: string, markdown: string): { blocks: CodeBlock[]; ignored: number } {
  const blocks: CodeBlock[] = []
  let ignored = 0
  const lines = markdown.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const fence = /^(\s*)```(?:ts|typescript)\b(.*)$/.exec(lines[i]!)
    if (!fence) continue
    const first = i + 1
    const code: string[] = []
    for (i++; i < lines.length && !lines[i]!.trimStart().startsWith('```'); i++)
      code.push(lines[i]!.slice(fence[1]!.length))
    if (fence[2]!.includes('ignore')) {
      ignored++
      continue
    }
    const name = /^\/\/ ([\w./-]+\.ts)\s*$/.exec(code[0] ?? '')?.[1]
    blocks.push({ document, line: first + 1, code: code.join('\n'), ...(name ? { fileName: name } : {}) })
  }
  return { blocks, ignored }
}

export async function readCodeBlocks(root: string, documents: readonly string[]): Promise<CodeBlock[]> {
  const texts = await Promise.all(documents.map((path) => readFile(join(root, path), 'utf8')))
  return documents.flatMap((path, i) => codeBlocks(path, texts[i]!).blocks)
}

/** The block as a module; empty lines before it make the compiler's line numbers those of the document. */
export function moduleText(block: CodeBlock): string {
  return `${'\n'.repeat(block.line - 1)}${block.code}\nexport {}\n`
}
