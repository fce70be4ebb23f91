/** First step of parsing: bytes to text, with a clear word about files that are no text at all. */
import type { Findings } from './findings.ts'

/** What a stock KFP API server takes as an upload. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024

/** First bytes of files that people hand over by mistake. */
const SIGNATURES: readonly (readonly [bytes: readonly number[], name: string, remedy: string])[] = [
  [
    [0x50, 0x4b, 0x03, 0x04],
    'a zip archive',
    'name the file itself: "kfp-ts" reads archives that hold a pipeline.yaml',
  ],
  [[0x50, 0x4b, 0x05, 0x06], 'an empty zip archive', 'pack the compiled pipeline.yaml into it, or give the YAML file'],
  [[0x1f, 0x8b], 'a gzip archive', 'name the file itself: "kfp-ts" reads archives that hold a pipeline.yaml'],
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG image', 'give the compiled pipeline (YAML or JSON)'],
  [[0xff, 0xd8, 0xff], 'a JPEG image', 'give the compiled pipeline (YAML or JSON)'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF', 'give the compiled pipeline (YAML or JSON)'],
  [[0x7f, 0x45, 0x4c, 0x46], 'a program', 'give the compiled pipeline (YAML or JSON)'],
]

/** Characters that YAML refuses wherever they stand, in comments too. */
const NO_YAML = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u
/** JSON refuses fewer: a specification that came as JSON may hold the others. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const NO_JSON = /[\0-\x08\x0b\x0c\x0e-\x1f]/

/** The web's decoder, present in every JavaScript runtime but named by no ECMAScript library. */
interface Utf8Decoder {
  decode(bytes: Uint8Array): string
}
const { TextDecoder } = globalThis as unknown as {
  TextDecoder: new (label: string, options: { fatal: boolean; ignoreBOM?: boolean }) => Utf8Decoder
}

/** Reports why a file is no text; the text, without byte order mark, is then only good for showing where. */
export function readText(input: string | Uint8Array, findings: Findings): string {
  const size = input.length
  if (size > MAX_FILE_BYTES) {
    findings.error(
      'file-too-large',
      [],
      `the file has ${megabytes(size)} MB; a pipeline may have ${megabytes(MAX_FILE_BYTES)} MB`,
      'pass data by URI or artifact, not inside the pipeline',
    )
    return ''
  }
  const text = typeof input === 'string' ? input : decode(input, findings)
  const wrong = findings.hasErrors ? null : (/^\s*\{/.test(text) ? NO_JSON : NO_YAML).exec(text)
  if (wrong) {
    const what = wrong[0] === '\0' ? 'a zero byte' : `the control character ${codePoint(wrong[0])}`
    const hint = 'give the compiled pipeline as UTF-8 text (YAML or JSON), with such characters escaped'
    findings.error('not-text', [], `the file is not text: it holds ${what}`, hint, wrong.index)
  }
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

function codePoint(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
}

function decode(bytes: Uint8Array, findings: Findings): string {
  const known = SIGNATURES.find(([signature]) => signature.every((byte, index) => bytes[index] === byte))
  if (known) {
    findings.error('not-text', [], `the file is ${known[1]}, not a pipeline`, known[2])
    return ''
  }
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
  if (mark === 0xfffe || mark === 0xfeff) {
    return new TextDecoder(mark === 0xfffe ? 'utf-16le' : 'utf-16be', { fatal: false }).decode(bytes)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const lossy = new TextDecoder('utf-8', { fatal: false }).decode(bytes)
    const message = 'the file is not valid UTF-8 text'
    findings.error('not-text', [], message, 'save it as UTF-8', Math.max(0, lossy.indexOf('\ufffd')))
    return lossy
  }
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / (1024 * 1024))
}
