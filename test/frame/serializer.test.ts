import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutputBuffer } from '../../src/bytes.ts'
import {
  beginHeaders,
  finishHeaders,
  writeData,
  writeFrame,
  writeGoaway,
  writeHeaders,
  writePing,
  writePriorityUpdate,
  writePushPromise,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../src/frame/serializer.ts'
import { hexOf, octets, parse } from './recording-sink.ts'

const letters = octets('6162636465')

/** What is written, the octets by hand, and what the parser makes of them. */
const rows: [name: string, write: (out: OutputBuffer) => void, hex: string, calls: string[]][] = [
  [
    'writeSettings (RFC 9113 §6.5)',
    (out) =>
      writeSettings(out, [
        [0x2, 0],
        [0x4, 0x7fffffff],
        [0xfafa, 0xffffffff],
      ]),
    '000012 04 00 00000000 0002 00000000 0004 7fffffff fafa ffffffff',
    ['settings 0002000000000004' + '7fffffff' + 'fafaffffffff'],
  ],
  [
    'writeSettings, none (RFC 9113 §6.5)',
    (out) => writeSettings(out, []),
    '000000 04 00 00000000',
    ['settings '],
  ],
  ['writeSettingsAck (RFC 9113 §6.5)', writeSettingsAck, '000000 04 01 00000000', ['settingsAck']],
  [
    'writePing (RFC 9113 §6.7)',
    (out) => writePing(out, false, octets('0001020304050607')),
    '000008 06 00 00000000 0001020304050607',
    ['ping 0001020304050607'],
  ],
  [
    'writePing, ACK, from an offset (RFC 9113 §6.7)',
    (out) => writePing(out, true, octets('ffff0001020304050607ff'), 2),
    '000008 06 01 00000000 0001020304050607',
    ['ping 0001020304050607 ACK'],
  ],
  [
    'writeRstStream (RFC 9113 §6.4)',
    (out) => writeRstStream(out, 0x7fffffff, 0xdeadbeef),
    '000004 03 00 7fffffff deadbeef',
    ['rstStream 2147483647 UNKNOWN(0xdeadbeef)'],
  ],
  [
    'writeGoaway (RFC 9113 §6.8)',
    (out) => writeGoaway(out, 0x01020304, 0xb),
    '000008 07 00 00000000 01020304 0000000b',
    ['goaway 16909060 ENHANCE_YOUR_CALM '],
  ],
  [
    'writeGoaway, debug data (RFC 9113 §6.8)',
    (out) => writeGoaway(out, 0, 2, letters),
    '00000d 07 00 00000000 00000000 00000002 6162636465',
    ['goaway 0 INTERNAL_ERROR 6162636465'],
  ],
  [
    'writeWindowUpdate, connection (RFC 9113 §6.9)',
    (out) => writeWindowUpdate(out, 0, 1),
    '000004 08 00 00000000 00000001',
    ['windowUpdate 0 1'],
  ],
  [
    'writeWindowUpdate, largest (RFC 9113 §6.9)',
    (out) => writeWindowUpdate(out, 3, 0x7fffffff),
    '000004 08 00 00000003 7fffffff',
    ['windowUpdate 3 2147483647'],
  ],
  [
    'writeData (RFC 9113 §6.1)',
    (out) => writeData(out, 1, letters, 1, 4, false),
    '000003 00 00 00000001 626364',
    ['dataStart 1 3 0', 'data 1 626364'],
  ],
  [
    'writeData, END_STREAM, empty (RFC 9113 §6.1)',
    (out) => writeData(out, 0x12345678, letters, 5, 5, true),
    '000000 00 01 12345678',
    ['dataStart 305419896 0 0', 'data 305419896  END_STREAM'],
  ],
  [
    'writePriorityUpdate (RFC 9218 §7.1)',
    (out) => writePriorityUpdate(out, 5, 'u=1, i'),
    '00000a 10 00 00000000 00000005 753d312c2069',
    ['priorityUpdate 0 00000005753d312c2069'],
  ],
  [
    'writeHeaders (RFC 9113 §6.2)',
    (out) => writeHeaders(out, 1, letters, false, 5),
    '000005 01 04 00000001 6162636465',
    ['headers 1 6162636465 END_HEADERS'],
  ],
  [
    'writeHeaders, END_STREAM, empty block (RFC 9113 §6.2)',
    (out) => writeHeaders(out, 1, new Uint8Array(0), true, 5),
    '000000 01 05 00000001',
    ['headers 1  END_STREAM END_HEADERS'],
  ],
  [
    'writeHeaders in two frames (RFC 9113 §6.10)',
    (out) => writeHeaders(out, 1, letters, true, 4),
    '000004 01 01 00000001 61626364 000001 09 04 00000001 65',
    ['headers 1 61626364 END_STREAM', 'continuation 1 65 END_HEADERS'],
  ],
  [
    'writeHeaders in three frames (RFC 9113 §6.10)',
    (out) => writeHeaders(out, 3, letters, false, 2),
    '000002 01 00 00000003 6162 000002 09 00 00000003 6364 000001 09 04 00000003 65',
    ['headers 3 6162', 'continuation 3 6364', 'continuation 3 65 END_HEADERS'],
  ],
  [
    'writePushPromise (RFC 9113 §6.6)',
    (out) => writePushPromise(out, 1, 2, letters),
    '000009 05 04 00000001 00000002 6162636465',
    ['pushPromise 1 2 6162636465 END_HEADERS'],
  ],
  [
    'writeFrame (RFC 9113 §4.1)',
    (out) => writeFrame(out, 0x42, 0xff, 7, letters),
    '000005 42 ff 00000007 6162636465',
    ['unknown 66 7 5'],
  ],
]

describe('each function', () => {
  it.each(rows)('%s', (_name, write, hex, calls) => {
    const out = new OutputBuffer(1)
    out.copy(letters)
    write(out)
    expect(hexOf(out.take(5))).toBe('6162636465')
    const written = out.take()
    expect(hexOf(written)).toBe(hex.replaceAll(' ', ''))
    expect(parse([written])).toEqual(calls)
  })

  it('a length takes 24 bits (RFC 9113 §4.1)', () => {
    const out = new OutputBuffer()
    writeData(out, 1, new Uint8Array(0x010203), 0, 0x010203, false)
    expect(hexOf(out.take(9))).toBe('010203000000000001')
  })

  it.each([0, -1, 2 ** 31, Number.NaN])('writeWindowUpdate throws for %d (RFC 9113 §6.9)', (increment) => {
    const out = new OutputBuffer()
    expect(() => writeWindowUpdate(out, 1, increment)).toThrow(RangeError)
    expect(out.length).toBe(0)
  })

  it.each([0, -1, Number.NaN])('finishHeaders throws for a frame size of %d', (size) => {
    expect(() => writeHeaders(new OutputBuffer(), 1, letters, false, size)).toThrow(
      new RangeError('maxFrameSize must be positive'),
    )
  })
})

it('finishHeaders splits in place: any block, any frame size, anything before it (RFC 9113 §6.10)', () => {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
  fc.assert(
    fc.property(
      bytes(20),
      bytes(300),
      fc.integer({ min: 1, max: 310 }),
      fc.boolean(),
      (before, block, size, end) => {
        const out = new OutputBuffer(1)
        out.copy(before)
        const at = beginHeaders(out)
        out.copy(block)
        finishHeaders(out, at, 1, end, size)
        expect(hexOf(out.take(before.length))).toBe(hexOf(before))
        const calls = parse([out.take()], { maxFrameSize: size })
        const expected: string[] = []
        for (let from = 0; from < block.length || from === 0; from += size) {
          const fragment = hexOf(block, from, Math.min(from + size, block.length))
          const first =
            from === 0 ? `headers 1 ${fragment}${end ? ' END_STREAM' : ''}` : `continuation 1 ${fragment}`
          expected.push(from + size >= block.length ? `${first} END_HEADERS` : first)
        }
        expect(calls).toEqual(expected)
      },
    ),
  )
})
