/**
 * The frame vectors of http2jp, an independent set of frames in hexadecimal
 * with their meaning. They are not part of the repository: where the archive
 * is missing, one test says so.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { errorName } from '../../src/frame/index.ts'
import { chunkings, hexOfText, octets, parse } from './recording-sink.ts'

interface Vector {
  readonly name: string
  readonly wire: string
  readonly error: readonly number[] | null
  readonly frame: Frame | null
}

interface Frame {
  readonly type: number
  readonly flags: number
  readonly length: number
  readonly stream_identifier: number
  readonly frame_payload: Payload
}

interface Payload {
  readonly data: string
  readonly header_block_fragment: string
  readonly padding_length: number | null
  readonly promised_stream_id: number
  readonly error_code: number
  readonly settings: readonly (readonly [number, number])[]
  readonly opaque_data: string
  readonly last_stream_id: number
  readonly additional_debug_data: string
  readonly window_size_increment: number
}

const archive = fileURLToPath(new URL('../../../shared/data/http2jp-vectors.tar.xz', import.meta.url))

function readVectors(): Vector[] {
  const directory = mkdtempSync(join(tmpdir(), 'frame-vectors-'))
  try {
    execFileSync('tar', ['-xJf', archive, '-C', directory, 'http2-frame-test-case'])
    const root = join(directory, 'http2-frame-test-case')
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.json'))
      .sort()
      .map((path) => ({ ...JSON.parse(readFileSync(join(root, path), 'utf8')), name: path }))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The calls that a valid frame must cause. */
function expectedCalls({
  type,
  flags,
  length,
  stream_identifier: id,
  frame_payload: payload,
}: Frame): string[] {
  const block = hexOfText(payload.header_block_fragment ?? '')
  const endHeaders = (flags & 4) === 0 ? '' : ' END_HEADERS'
  const padding = payload.padding_length === null ? 0 : payload.padding_length + 1
  switch (type) {
    case 0:
      return [`dataStart ${id} ${length} ${padding}`, `data ${id} ${hexOfText(payload.data)}`]
    case 1:
      return [`headers ${id} ${block}${endHeaders}`]
    case 2:
      return [`priority ${id}`]
    case 3:
      return [`rstStream ${id} ${errorName(payload.error_code)}`]
    case 4: {
      const entries = payload.settings.map(([key, value]) => [
        key.toString(16).padStart(4, '0'),
        value.toString(16).padStart(8, '0'),
      ])
      return [`settings ${entries.flat().join('')}`]
    }
    case 5:
      return [`pushPromise ${id} ${payload.promised_stream_id} ${block}${endHeaders}`]
    case 6:
      return [`ping ${hexOfText(payload.opaque_data)}`]
    case 7:
      return [
        `goaway ${payload.last_stream_id} ${errorName(payload.error_code)} ${hexOfText(payload.additional_debug_data)}`,
      ]
    case 8:
      return [`windowUpdate ${id} ${payload.window_size_increment}`]
    default:
      return [`continuation ${id} ${block}${endHeaders}`]
  }
}

/** Promised identifiers need the state of streams: the engine judges them (RFC 9113 §5.1.1). */
const JUDGED_BY_THE_ENGINE = [
  'error/push_promise-frame-promised_stream-odd.json',
  'error/push_promise-frame-promised_stream-zero.json',
]

if (existsSync(archive)) {
  const vectors = readVectors()

  describe('http2jp vectors of valid frames', () => {
    it.each(vectors.filter(({ frame }) => frame !== null))('$name', ({ wire, frame }) => {
      const continued = frame!.type === 9
      const streamId = wire.slice(10, 18)
      const before = octets(continued ? `000000 01 00 ${streamId}` : '')
      const expected = [
        ...(continued ? [`headers ${frame!.stream_identifier} `] : []),
        ...expectedCalls(frame!),
      ]
      for (const chunks of chunkings(octets(wire))) expect(parse([before, ...chunks])).toEqual(expected)
    })
  })

  describe('http2jp vectors of invalid frames', () => {
    it.each(vectors.filter(({ error }) => error !== null))('$name', ({ name, wire, error }) => {
      for (const chunks of chunkings(octets(wire))) {
        const calls = parse(chunks)
        expect(calls).toHaveLength(1)
        if (JUDGED_BY_THE_ENGINE.includes(name)) expect(calls[0]).toMatch(/^pushPromise /)
        else
          expect(error!.map(errorName)).toContain(
            /^(?:stream|connection)Error (?:\d+ )?(\w+):/.exec(calls[0]!)?.[1],
          )
      }
    })
  })

  it('http2jp vectors are all there', () => {
    expect(vectors).toHaveLength(34)
  })
} else {
  it('http2jp vectors were not run: ../shared/data/http2jp-vectors.tar.xz is not beside the repository', () => {
    expect(existsSync(archive)).toBe(false)
  })
}
