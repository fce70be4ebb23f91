/** Kubernetes reads `$(NAME)` and `$$` in commands, arguments and values. Pure. */

/**
 * The text that a container is to get, as it has to stand in a Pod: `$(NAME)` of one of the container's own variables, and its
 * escape `$$(NAME)`, keep their meaning; a `$$` elsewhere, which Kubernetes would halve, is doubled. The same as on a laptop
 * (local/process-step.ts).
 */
export function keepDollars(text: string, variables: ReadonlySet<string>): string {
  if (!text.includes('$$')) return text
  return text.replaceAll(/(\$+)(?:\(([A-Za-z_][\w.-]*)\))?/g, (whole, dollars: string, name?: string) => {
    const isReference = name !== undefined && variables.has(name)
    const plain = isReference ? dollars.length - 2 : dollars.length
    return plain > (isReference ? 0 : 1) ? '$'.repeat(plain) + whole : whole
  })
}
