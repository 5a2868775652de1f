/** Tables of parser rules: what every row must hold for, however its bytes are cut. */
import { expect, it } from 'vitest'
import type { FrameParserOptions } from '../../src/frame/parser.ts'
import { chunkings, octets, parse } from './recording-sink.ts'

/** A rule, bytes in, calls out. A PING follows every row: told if the parser goes on, not if it stopped. */
export type Row = readonly [rule: string, bytes: string, calls: readonly string[]]

export const PING = '000008 06 00 00000000 0102030405060708'
export const PING_CALL = 'ping 0102030405060708'

export function failed(code: string, reason: string): string[] {
  return [`connectionError ${code}: ${reason}`]
}

/** Makes a test of each row: whole, one byte at a time, and cut in two at each position. */
export function check(rows: readonly Row[], options?: FrameParserOptions): void {
  it.each(rows)('%s', (_rule, bytes, calls) => {
    const stops = calls.at(-1)?.startsWith('connectionError') ?? false
    const expected = stops ? calls : [...calls, PING_CALL]
    for (const chunks of chunkings(octets(bytes + PING))) expect(parse(chunks, options)).toEqual(expected)
  })
}
