/**
 * The stories of http2jp: the same fields as written by seven encoders. They
 * are not part of the repository: where the archive is missing, the test says so.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { Decoder, Encoder, type HeaderField } from '../../src/hpack/index.ts'
import { octets } from './hex.ts'

interface Block {
  /** The SETTINGS_HEADER_TABLE_SIZE that was acknowledged just before; 4096 at first. */
  readonly header_table_size?: number
  /** Absent in the stories that only list fields. */
  readonly wire?: string
  readonly headers: readonly Readonly<Record<string, string>>[]
}

interface Story {
  readonly name: string
  readonly cases: readonly Block[]
}

const archive = fileURLToPath(new URL('../../../shared/data/http2jp-vectors.tar.xz', import.meta.url))

function readStories(): Story[] {
  const directory = mkdtempSync(join(tmpdir(), 'hpack-vectors-'))
  try {
    execFileSync('tar', ['-xJf', archive, '-C', directory, 'hpack-test-case'])
    const root = join(directory, 'hpack-test-case')
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.json'))
      .sort()
      .map((path) => ({ name: path, cases: JSON.parse(readFileSync(join(root, path), 'utf8')).cases }))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Decodes the story's own blocks, and ours of the same fields; returns what went wrong first. */
function tell({ cases }: Story): string | undefined {
  const encoder = new Encoder({ maxTableSize: 65536 })
  const theirs = new Decoder()
  const ours = new Decoder()
  for (const [i, { header_table_size: size, wire, headers }] of cases.entries()) {
    if (size !== undefined) {
      encoder.setPeerTableSize(size)
      for (const decoder of [theirs, ours]) decoder.setMaxTableSize(size)
    }
    const fields = headers.map((header): HeaderField => Object.entries(header)[0]!)
    const meant = JSON.stringify(fields)
    const read = (decoder: Decoder, block: Uint8Array) =>
      JSON.stringify(decoder.decode(block).map(([name, value]) => [name, value]))
    if (wire !== undefined && read(theirs, octets(wire)) !== meant) return `block ${i} of the story`
    if (read(ours, encoder.encode(fields)) !== meant) return `block ${i} of ours`
  }
  return undefined
}

it('RFC 7541: every http2jp story is decoded, and encoded and decoded again', () => {
  if (!existsSync(archive)) console.log('the http2jp vectors are not here: their stories were left out')
  const stories = existsSync(archive) ? readStories() : []
  for (const story of stories) expect(tell(story), story.name).toBeUndefined()
  expect(stories.length === 0).toBe(!existsSync(archive))
})
