/**
 * PyYAML, which writes the KFP SDK's files, and the YAML readers of Kubernetes let the later lines of a quoted text or of a [list]
 * stand anywhere; our parser wants them indented. This moves such lines to the right, which changes no value: white space at the
 * start of a line inside quotes or brackets means nothing.
 */

/** @returns the text with the same lines, those inside quotes and brackets indented far enough */
export function reindent(text: string): string {
  return new Reindenter(text).run()
}

const CODE = {
  newline: 10,
  space: 32,
  doubleQuote: 34,
  hash: 35,
  singleQuote: 39,
  comma: 44,
  dash: 45,
  colon: 58,
  greater: 62,
  question: 63,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
  openBrace: 123,
  bar: 124,
  closeBrace: 125,
} as const
const BLOCK_SCALAR_HEADER = /[|>][-+0-9]*[ \t]*(?:#[^\n]*)?(?=\n|$)/y

class Reindenter {
  readonly #text: string
  readonly #parts: string[] = []
  /** Up to here the text is copied. */
  #copied = 0
  #at = 0
  #lineStart = 0
  /** Columns of the brackets that are open. */
  readonly #brackets: number[] = []
  /** Column of the last key or dash: a block text belongs to it. */
  #nodeColumn = 0
  /** A value, key or item may start here. */
  #atTokenStart = true

  constructor(text: string) {
    this.#text = text
  }

  run(): string {
    while (this.#at < this.#text.length) this.#step(this.#text.charCodeAt(this.#at))
    this.#parts.push(this.#text.slice(this.#copied))
    return this.#parts.join('')
  }

  #step(code: number): void {
    const afterSpace = this.#at === this.#lineStart || isSpace(this.#text.charCodeAt(this.#at - 1))
    const quote = code === CODE.doubleQuote || code === CODE.singleQuote
    const block = code === CODE.bar || code === CODE.greater
    if (code === CODE.newline) this.#newLine()
    else if (isBlank(code)) this.#at++
    else if (code === CODE.hash && afterSpace) this.#skipLine()
    else if (this.#atTokenStart && quote) this.#quoted(code)
    else if (!(this.#atTokenStart && block && this.#blockText())) this.#plain(code)
  }

  #plain(code: number): void {
    const next = this.#text.charCodeAt(this.#at + 1)
    const endsToken = Number.isNaN(next) || isSpace(next)
    if (code === CODE.openBracket || code === CODE.openBrace) {
      if (this.#atTokenStart) this.#brackets.push(this.#at - this.#lineStart)
    } else if (code === CODE.closeBracket || code === CODE.closeBrace) {
      this.#brackets.pop()
      this.#atTokenStart = false
    } else if (this.#brackets.length > 0 && code === CODE.comma) {
      this.#atTokenStart = true
    } else if ((code === CODE.dash || code === CODE.question) && endsToken && this.#atTokenStart) {
      this.#nodeColumn = this.#at - this.#lineStart
    } else if (code === CODE.colon && (endsToken || this.#brackets.length > 0)) {
      this.#atTokenStart = true
    } else if (this.#atTokenStart) {
      this.#nodeColumn = this.#at - this.#lineStart
      this.#atTokenStart = false
    }
    this.#at++
  }

  #quoted(quote: number): void {
    const column = this.#at - this.#lineStart
    this.#nodeColumn = column
    this.#at++
    while (this.#at < this.#text.length) {
      const code = this.#text.charCodeAt(this.#at)
      if (
        code === CODE.backslash &&
        quote === CODE.doubleQuote &&
        this.#text.charCodeAt(this.#at + 1) !== CODE.newline
      ) {
        this.#at += 2
      } else if (code === quote && quote === CODE.singleQuote && this.#text.charCodeAt(this.#at + 1) === quote) {
        this.#at += 2
      } else if (code === quote) {
        this.#at++
        break
      } else if (code === CODE.newline) {
        this.#at++
        this.#indentLine(column + 1)
      } else {
        this.#at++
      }
    }
    this.#atTokenStart = false
  }

  /** Skips the lines of `|` and `>` texts: they keep their indentation. */
  #blockText(): boolean {
    BLOCK_SCALAR_HEADER.lastIndex = this.#at
    if (this.#brackets.length > 0 || !BLOCK_SCALAR_HEADER.test(this.#text)) return false
    this.#skipLine()
    let width = -1
    while (this.#at < this.#text.length) {
      const start = this.#at + 1
      let first = start
      while (this.#text.charCodeAt(first) === CODE.space) first++
      const blank = first >= this.#text.length || this.#text.charCodeAt(first) === CODE.newline
      if (!blank && width < 0) width = Math.max(first - start, this.#nodeColumn + 1)
      if (!blank && first - start < width) break
      this.#at = first
      this.#skipLine()
    }
    return true
  }

  #skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.#text.length : end
  }

  #newLine(): void {
    this.#at++
    const bracket = this.#brackets.at(-1)
    if (bracket !== undefined) {
      this.#indentLine(bracket + 1)
      return
    }
    this.#lineStart = this.#at
    this.#atTokenStart = true
  }

  /** The reader stands at the start of a line. */
  #indentLine(width: number): void {
    this.#lineStart = this.#at
    let first = this.#at
    while (isBlank(this.#text.charCodeAt(first))) first++
    if (first - this.#at < width && this.#text.charCodeAt(first) !== CODE.newline) {
      this.#parts.push(this.#text.slice(this.#copied, this.#at), ' '.repeat(width))
      this.#copied = this.#at
    }
    this.#at = first
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

function isSpace(code: number): boolean {
  return isBlank(code) || code === 10 || code === 13
}
