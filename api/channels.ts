/** Names of the inputs that the SDK's compiler makes for groups, `pipelinechannel--<name>` (kfp-ir.md 1.6, 2.7). */

export const CHANNEL = 'pipelinechannel--'

/** Such an input of a group may lead nowhere there: what needs it looks further out. */
export const isChannel = (name: string): boolean => name.startsWith(CHANNEL)

/** The item that a name stands for a field of. */
export function itemOfField(name: string): { readonly name: string; readonly field: string } | undefined {
  const [, item, field] = /^(pipelinechannel--.+)-subvar-(.+)$/.exec(name) ?? []
  return item === undefined ? undefined : { name: item, field: field! }
}
