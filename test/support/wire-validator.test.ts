/** The validator judges by what the peer said: here, by promises that are padded (RFC 9113 §6.6). */
import { describe, expect, test } from 'vitest'
import {
  block,
  concat,
  END_HEADERS,
  frame,
  goaway,
  headers,
  latin1,
  PADDED,
  PREFACE,
  PUSH_PROMISE,
  rstStream,
  settings,
  settingsAck,
  uint32,
} from './wire.ts'
import { WireValidator } from './wire-validator.ts'

const REQUEST = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a.test'],
  [':path', '/'],
] as const

const rows: [padding: number | undefined, promised: number][] = [
  [undefined, 2],
  [0, 2],
  [7, 2],
  [255, 0x7ffffffe],
]

/** What a client sent that has received a promise of this stream. */
function judged(padding: number | undefined, promised: number, ...sent: readonly Uint8Array[]): string[] {
  const validator = new WireValidator()
  validator.clientSent(concat(PREFACE, settings(), headers(1, REQUEST)))
  const promise = concat(uint32(promised), block(REQUEST))
  const payload =
    padding === undefined ? promise : concat(Uint8Array.of(padding), promise, new Uint8Array(padding))
  const flags = END_HEADERS | (padding === undefined ? 0 : PADDED)
  validator.peerSent(concat(settings(), frame(PUSH_PROMISE, flags, 1, payload)))
  validator.clientSent(concat(settingsAck, ...sent))
  return validator.faults
}

describe.each(rows)('a promise with padding of %s, of stream %i', (padding, promised) => {
  test('may be refused, and named by GOAWAY', () => {
    expect(judged(padding, promised, rstStream(promised, 8), goaway(promised, 0))).toEqual([])
  })

  test('leaves the stream above it idle', () => {
    const above = promised === 2 ? 4 : promised - 2
    expect(judged(padding, promised, rstStream(above, 8))).toEqual([
      expect.stringContaining('RST_STREAM on an idle stream'),
    ])
  })
})

test('a promise cut short is none', () => {
  const validator = new WireValidator()
  validator.clientSent(concat(PREFACE, settings(), headers(1, REQUEST)))
  validator.peerSent(frame(PUSH_PROMISE, PADDED, 1, latin1('\0\0\0\0')))
  validator.clientSent(goaway(2, 0))
  expect(validator.faults).toEqual([expect.stringContaining('GOAWAY last stream')])
})
