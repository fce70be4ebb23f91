export async function main(argv: readonly string[]) {
  console.log('ok', process.version, argv.join(' '))
}
