/** Names of tasks and components, as KFP makes them from what an author writes. */

/** Lower case, everything else than letters, digits and `-` to `-`. Empty becomes `task`. */
export function sanitizeName(name: string): string {
  const clean = name
    .toLowerCase()
    .replace(/[^-0-9a-z]+/g, '-')
    .replace(/-+/g, '-')
    .replace(/^-|-$/g, '')
  return clean === '' ? 'task' : clean
}

/** `name`, or the first of `name-2`, `name-3` … that is free. */
export function uniqueName(name: string, isTaken: (name: string) => boolean): string {
  let candidate = name
  for (let index = 2; isTaken(candidate); index++) candidate = `${name}-${index}`
  return candidate
}
