import { describe, expect, it } from 'vitest'
import { FrameTrace, type FrameTraceOptions } from '../../src/frame/index.ts'
import { describedFrames } from './described-frames.ts'
import { chunkings, hexOfText, octets } from './recording-sink.ts'

const PREFACE = hexOfText('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

describe('FrameTrace', () => {
  function trace(chunks: readonly Uint8Array[], options?: FrameTraceOptions): string[] {
    const lines: string[] = []
    const tracer = new FrameTrace((line) => lines.push(line), options)
    for (const chunk of chunks) {
      const borrowed = chunk.slice()
      tracer.receive(borrowed)
      borrowed.fill(0xee)
    }
    return lines
  }

  it('gives the lines of describe, however the bytes are cut (RFC 9113 §4.1)', () => {
    const bytes = octets(describedFrames.map(([, frame]) => frame).join(''))
    const lines = describedFrames.map(([line]) => line)
    for (const chunks of chunkings(bytes)) expect(trace(chunks)).toEqual(lines)
  })

  it.each(describedFrames)('%s, alone', (line, bytes) => {
    for (const chunks of chunkings(octets(bytes))) expect(trace(chunks)).toEqual([line])
  })

  it('passes over payloads longer than it keeps', () => {
    const data = `001000 00 00 00000001 ${'61'.repeat(0x1000)}`
    const lines = ['DATA stream=1 len=4096', 'PING stream=0 len=8 0011223344556677']
    const bytes = octets(`${data} 000008 06 00 00000000 0011223344556677`)
    for (const cut of [1, 9, 50, 81, 82, 83, 4000, 4105]) {
      expect(trace([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(lines)
    }
  })

  it('swallows the preface of a client (RFC 9113 §3.4)', () => {
    const bytes = octets(`${PREFACE} 000000 04 00 00000000`)
    const lines = ['PREFACE len=24', 'SETTINGS stream=0 len=0']
    for (const chunks of chunkings(bytes)) expect(trace(chunks, { preface: true })).toEqual(lines)
  })

  it('stops if the preface is not that of HTTP/2 (RFC 9113 §3.4)', () => {
    const bytes = octets(`${hexOfText('GET / HTTP/1.1\r\n\r\n')} 000000 04 00 00000000`)
    const lines = ['not the connection preface (RFC 9113 §3.4), nothing more is traced']
    for (const chunks of chunkings(bytes)) expect(trace(chunks, { preface: true })).toEqual(lines)
  })
})
