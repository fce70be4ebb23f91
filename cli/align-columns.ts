/** Lines of cells as text with aligned columns. Pure. */

/** Every line ends with a line feed; the last column is not padded. */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, index) => Math.max(...lines.map((line) => line[index]!.length)) + 2)
  const text = (line: readonly string[]) => line.map((cell, index) => cell.padEnd(widths[index]!)).join('')
  return lines.map((line) => `${text(line).trimEnd()}\n`).join('')
}
