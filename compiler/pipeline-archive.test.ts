/** Uploads as Kubeflow's tools pack them, and archives made to do harm. */
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { parsePipelineFile } from './pipeline-archive.ts'

const PIPELINE = 'pipelineInfo: {name: demo}\nroot: {dag: {tasks: {}}}\nschemaVersion: 2.1.0\n'

async function tarGz(files: Readonly<Record<string, string | Buffer>>): Promise<Uint8Array> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content)
  archive.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of archive) chunks.push(chunk as Uint8Array)
  return gzipSync(Buffer.concat(chunks))
}

/** A zip of stored files, as small as the format allows. */
function zip(files: Readonly<Record<string, string>>): Uint8Array {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(files)) {
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt32LE(crc32(Buffer.from(text)), 10)
    common.writeUInt32LE(text.length, 14)
    common.writeUInt32LE(text.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name + text)])
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, place, Buffer.from(name)]))
    parts.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(directory.length, 8)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, central, end])
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

describe.each([
  ['zip', async (files: Record<string, string>) => zip(files)],
  ['tar.gz', tarGz],
])('%s', (_, make) => {
  const nameIn = async (files: Record<string, string>) => {
    const { document, issues } = await parsePipelineFile(await make(files), { file: 'upload' })
    return document?.spec.pipelineInfo.name ?? issues.map(({ code, message }) => `${code}: ${message}`).join()
  }

  it('takes pipeline.yaml among other files', async () => {
    expect(await nameIn({ 'notes.txt': 'hello', 'dir/other.yaml': 'a: 1', 'dir/pipeline.yaml': PIPELINE })).toBe('demo')
  })
  it('takes the only YAML file', async () => expect(await nameIn({ 'any.yml': PIPELINE, 'x.txt': '' })).toBe('demo'))
  it('refuses several', async () => {
    expect(await nameIn({ 'a.yaml': PIPELINE, 'b.yaml': PIPELINE })).toBe(
      'bad-archive: the archive holds several pipelines: a.yaml, b.yaml',
    )
  })
  it('refuses none', async () =>
    expect(await nameIn({ 'a.txt': '' })).toBe('bad-archive: the archive holds no YAML or JSON file'))
  it('says where a mistake is', async () => {
    const bytes = await make({ 'pipeline.yaml': PIPELINE.replace('demo', 'Demo') })
    const { issues } = await parsePipelineFile(bytes, { file: 'upload' })
    expect(issues[0]?.location).toEqual({ file: 'upload/pipeline.yaml', line: 1, column: 16 })
  })
  it('refuses half of one', async () => {
    const bytes = await make({ 'pipeline.yaml': PIPELINE })
    expect((await parsePipelineFile(bytes.slice(0, 60))).issues[0]?.code).toBe('bad-archive')
  })
})

it('stops inflating at the limit', async () => {
  const bytes = await tarGz({ 'big.bin': Buffer.alloc(80 * 1024 * 1024), 'pipeline.yaml': PIPELINE })
  expect((await parsePipelineFile(bytes)).issues[0]?.message).toBe('the unpacked file is larger than 32 MB')
})

it('counts files before unpacking them', async () => {
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`${index}.txt`, '']))
  expect((await parsePipelineFile(zip(many))).issues[0]?.message).toBe('the archive holds more than 1000 files')
})
