import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describe as describeFrame } from '../../src/frame/index.ts'
import { describedFrames } from './described-frames.ts'
import { octets } from './recording-sink.ts'

describe('describe', () => {
  it.each(describedFrames)('%s', (line, bytes) => {
    expect(describeFrame(octets(bytes))).toBe(line)
    expect(describeFrame(octets(`${bytes}ff`))).toBe(line)
  })

  it.each([
    ['truncated frame header, 0 of 9 octets', ''],
    ['truncated frame header, 8 of 9 octets', '000000 04 00 000000'],
    ['DATA stream=1 len=16384 END_STREAM', '004000 00 01 00000001'],
    ['HEADERS stream=1 len=37 END_STREAM END_HEADERS', '000025 01 05 00000001 82'],
    ['RST_STREAM stream=3 len=4 (truncated)', '000004 03 00 00000003 000000'],
    ['SETTINGS stream=0 len=12 ENABLE_PUSH=0 (truncated)', '00000c 04 00 00000000 000200000000 0004001000'],
    ['PUSH_PROMISE stream=1 len=9 PADDED (truncated)', '000009 05 08 00000001 00 000000'],
    ['PING stream=0 len=8 (truncated)', '000008 06 00 00000000 00112233445566'],
    ['GOAWAY stream=0 len=11 (truncated)', '00000b 07 00 00000000 00000007 000000'],
    ['GOAWAY stream=0 len=11 last=7 NO_ERROR "b" (truncated)', '00000b 07 00 00000000 00000007 00000000 62'],
  ])('%s', (line, bytes) => {
    expect(describeFrame(octets(bytes))).toBe(line)
  })

  it('is total, and printable but for the mark of a cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 90 }), (head, payload) => {
        const line = describeFrame(Uint8Array.of(...head, ...payload))
        expect(line).toMatch(/^[\x20-\x7e…]+$/)
      }),
    )
  })

  it('never shows what fields and DATA hold', () => {
    const secret = '73656372' + '6574'
    for (const type of ['00', '01', '02', '05', '09', '0a', '0c', '10', '42']) {
      const line = describeFrame(octets(`00000a ${type} 00 00000001 00000000 ${secret}`))
      expect(line).not.toMatch(/secret|736563/)
    }
  })
})
