#!/bin/sh
':' //; here=$(readlink -f "$0"); here=${here%/*}; for node in "$here/../node_modules/node/bin/node" "$here/../../node/bin/node"; do [ -x "$node" ] && exec "$node" "$here/kfp-ts.js" "$@"; done; exec node "$here/kfp-ts.js" "$@"

// Both a shell script and a module. The shell line above replaces itself (exec: one process, so that signals and
// kill -9 reach the tool itself) by the pinned Node of the npm package `node`, or else the Node in PATH.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

if (Number(process.versions.node.split('.')[0]) < 24) runUnderPinnedNode()
else await run()

/** In a checkout the sources run as they are (Node strips the types); an installed package runs its built files. */
async function run() {
  module.enableCompileCache?.()
  const source = new URL('../cli/main.ts', import.meta.url)
  const built = new URL('../dist/cli/main.js', import.meta.url)
  const installed = import.meta.url.includes('/node_modules/')
  const { main } = await import((!installed && existsSync(source) ? source : built).href)
  await main(process.argv.slice(2))
}

/** Reached only by `node bin/kfp-ts.js` with a Node older than 24. */
function runUnderPinnedNode() {
  const pinned = pinnedNode()
  if (!pinned) {
    process.stderr.write(
      `kfp-ts needs Node 24 or newer; this is ${process.version}.\n` +
        'Install one (for example "npm install node@24" beside kfp-ts, which finds it by itself) and try again.\n',
    )
    process.exit(2)
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 1)))
}

function pinnedNode() {
  try {
    const path = createRequire(import.meta.url).resolve('node/bin/node')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}
