import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { FrameParser, type FrameSink } from '../../src/frame/parser.ts'
import { check, failed, PING, PING_CALL, type Row } from './parser-table.ts'
import { chunkings, feed, hexOfText, octets, parse, RecordingSink } from './recording-sink.ts'

describe('CONTINUATION and the field block', () => {
  const open = '000001 01 01 00000001 82 '
  const opened = 'headers 1 82 END_STREAM'
  check([
    [
      'ends the block (RFC 9113 §6.10)',
      `${open} 000001 09 04 00000001 83`,
      [opened, 'continuation 1 83 END_HEADERS'],
    ],
    [
      'several, empty ones too (RFC 9113 §6.10)',
      `${open} 000001 09 00 00000001 83 000000 09 fb 80000001 000000 09 04 00000001`,
      [opened, 'continuation 1 83', 'continuation 1 ', 'continuation 1  END_HEADERS'],
    ],
    [
      'of PUSH_PROMISE (RFC 9113 §6.6)',
      '000005 05 00 00000001 00000002 82 000001 09 04 00000001 83',
      ['pushPromise 1 2 82', 'continuation 1 83 END_HEADERS'],
    ],
    [
      'block without END_HEADERS, then PING (RFC 9113 §6.10)',
      open,
      [opened, ...failed('PROTOCOL_ERROR', 'PING inside a field block (RFC 9113 §6.10)')],
    ],
    [
      'PUSH_PROMISE without END_HEADERS, then PING (RFC 9113 §6.6)',
      '000004 05 00 00000001 00000002',
      ['pushPromise 1 2 ', ...failed('PROTOCOL_ERROR', 'PING inside a field block (RFC 9113 §6.10)')],
    ],
    [
      'CONTINUATION without END_HEADERS, then PING (RFC 9113 §6.10)',
      `${open} 000000 09 00 00000001`,
      [opened, 'continuation 1 ', ...failed('PROTOCOL_ERROR', 'PING inside a field block (RFC 9113 §6.10)')],
    ],
    ...(
      [
        ['DATA', '000000 00 00 00000001'],
        ['HEADERS', '000000 01 04 00000001'],
        ['PRIORITY', '000005 02 00 00000001 0000000000'],
        ['PRIORITY', '000004 02 00 00000001 00000000'],
        ['RST_STREAM', '000004 03 00 00000001 00000000'],
        ['SETTINGS', '000000 04 00 00000000'],
        ['PUSH_PROMISE', '000004 05 04 00000001 00000002'],
        ['GOAWAY', '000008 07 00 00000000 00000000 00000000'],
        ['WINDOW_UPDATE', '000004 08 00 00000000 00000001'],
        ['ALTSVC', '000000 0a 00 00000001'],
        ['ORIGIN', '000000 0c 00 00000000'],
        ['PRIORITY_UPDATE', '000004 10 00 00000000 00000001'],
        ['UNKNOWN(0x42)', '000000 42 00 00000001'],
      ] as const
    ).map(
      ([name, bytes]): Row => [
        `${name} (${bytes.slice(0, 6)}) inside a field block (RFC 9113 §6.10)`,
        open + bytes,
        [opened, ...failed('PROTOCOL_ERROR', `${name} inside a field block (RFC 9113 §6.10)`)],
      ],
    ),
    [
      'without an open block (RFC 9113 §6.10)',
      '000001 09 04 00000001 83',
      failed('PROTOCOL_ERROR', 'CONTINUATION without an open field block (RFC 9113 §6.10)'),
    ],
    [
      'after END_HEADERS (RFC 9113 §6.10)',
      `${open} 000000 09 04 00000001 000000 09 04 00000001`,
      [
        opened,
        'continuation 1  END_HEADERS',
        ...failed('PROTOCOL_ERROR', 'CONTINUATION without an open field block (RFC 9113 §6.10)'),
      ],
    ],
    [
      'stream 0 (RFC 9113 §6.10)',
      '000000 09 04 00000000',
      failed('PROTOCOL_ERROR', 'CONTINUATION on stream 0 (RFC 9113 §6.10)'),
    ],
    [
      'stream 0 with an open block (RFC 9113 §6.10)',
      `${open} 000000 09 04 00000000`,
      [opened, ...failed('PROTOCOL_ERROR', 'CONTINUATION on stream 0 (RFC 9113 §6.10)')],
    ],
    [
      'another stream (RFC 9113 §6.10)',
      `${open} 000000 09 04 00000003`,
      [
        opened,
        ...failed(
          'PROTOCOL_ERROR',
          'CONTINUATION on a stream other than that of its field block (RFC 9113 §6.10)',
        ),
      ],
    ],
  ])
})

describe('frame size (RFC 9113 §4.2)', () => {
  const tooLong = failed('FRAME_SIZE_ERROR', 'frame longer than SETTINGS_MAX_FRAME_SIZE (RFC 9113 §4.2)')
  const types = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xc, 0x10, 0x42]
  check(
    types.map((type): Row => {
      const digits = type.toString(16).padStart(2, '0')
      return [`type 0x${digits}, one octet too long`, `004001 ${digits} 00 00000001`, tooLong]
    }),
  )

  it.each([
    ['by default 16,384', undefined, 16_384],
    ['as asked for', { maxFrameSize: 20_000 }, 20_000],
  ] as const)('the longest frame is accepted: %s', (_name, options, size) => {
    const frame = new Uint8Array(9 + size).fill(0x61)
    frame.set([0, size >> 8, size, 7, 0, 0, 0, 0, 0])
    const ways = [
      [frame],
      [frame.subarray(0, 4), frame.subarray(4)],
      [frame.subarray(0, 5000), frame.subarray(5000)],
    ]
    for (const chunks of ways) {
      expect(parse(chunks, options)).toEqual([
        `goaway 1633771873 UNKNOWN(0x61616161) ${'61'.repeat(size - 8)}`,
      ])
    }
    frame[2] = frame[2]! + 1
    expect(parse([frame], options)).toEqual(tooLong)
  })

  it('maxFrameSize holds from the next frame header on', () => {
    const sink = new RecordingSink()
    const parser = new FrameParser(sink, { maxFrameSize: 2 })
    parser.receive(octets('000002 00 00 00000001 61'))
    parser.maxFrameSize = 1
    parser.receive(octets('62 000002 00 00 00000001'))
    expect(sink.calls).toEqual(['dataStart 1 2 0', 'data 1 6162', ...tooLong])
  })

  it('is judged from the 9 octets of the header', () => {
    expect(parse([octets('004001 04 00 00000000')])).toEqual(tooLong)
    expect(parse([octets('004001 04 00 000000')])).toEqual([])
  })
})

describe('the first frame (RFC 9113 §3.4)', () => {
  const http1 = failed(
    'PROTOCOL_ERROR',
    'the peer speaks HTTP/1, not HTTP/2: no SETTINGS frame (RFC 9113 §3.4)',
  )
  const first = (name: string) =>
    failed('PROTOCOL_ERROR', `first frame is ${name}, not SETTINGS (RFC 9113 §3.4)`)
  const rows: Row[] = [
    ['SETTINGS', '000000 04 00 00000000', ['settings ']],
    ['SETTINGS, then any', '000000 04 fe 80000000 000000 04 01 00000000', ['settings ', 'settingsAck']],
    [
      'GOAWAY, then SETTINGS',
      '000008 07 00 00000000 00000000 00000002 000000 04 00 00000000',
      ['goaway 0 INTERNAL_ERROR ', 'settings '],
    ],
    [
      'GOAWAY, then another',
      '000008 07 00 00000000 00000000 00000002',
      ['goaway 0 INTERNAL_ERROR ', ...first('PING')],
    ],
    [
      'a broken GOAWAY',
      '000000 07 00 00000000',
      failed('FRAME_SIZE_ERROR', 'GOAWAY shorter than 8 octets (RFC 9113 §6.8)'),
    ],
    [
      'SETTINGS with ACK',
      '000000 04 01 00000000',
      failed('PROTOCOL_ERROR', 'first frame is SETTINGS with ACK (RFC 9113 §3.4)'),
    ],
    ['PING', '', first('PING')],
    ['HEADERS', '000001 01 04 00000001 88', first('HEADERS')],
    ['an octet of a TLS alert, not the next', '150000 06 00 00000000', first('PING')],
    ['the second octet of a TLS alert, not the first', '000300 06 00 00000000', first('PING')],
    ['an unknown type', '000000 42 00 00000000', first('UNKNOWN(0x42)')],
    ['a frame too long, not SETTINGS', 'ffffff 01 00 00000001', first('HEADERS')],
    [
      'SETTINGS too long',
      'ffffff 04 00 00000000',
      failed('FRAME_SIZE_ERROR', 'frame longer than SETTINGS_MAX_FRAME_SIZE (RFC 9113 §4.2)'),
    ],
    ['HTTP/1.1', hexOfText('HTTP/1.1 400 Bad Request\r\n\r\n'), http1],
    ['HTTP/1.0', hexOfText('HTTP/1.0 200 OK\r\n'), http1],
    ['what differs from HTTP/1 in its first octet', hexOfText('XTTP/1.1 400'), first('UNKNOWN(0x50)')],
    ['HTTP/2.0 is not HTTP/1', hexOfText('HTTP/2.0 400'), first('UNKNOWN(0x50)')],
    ['HTTP/1 without a minor version', hexOfText('HTTP/1 400'), first('UNKNOWN(0x50)')],
    ['HTML', hexOfText('<html>'), first('UNKNOWN(0x6d)')],
    [
      'a TLS alert',
      '15 0303 0002 0246',
      failed('PROTOCOL_ERROR', 'the peer answered with a TLS alert: no SETTINGS frame (RFC 9113 §3.4)'),
    ],
    [
      'the banner of SSH',
      hexOfText('SSH-2.0-OpenSSH'),
      failed('PROTOCOL_ERROR', 'the peer speaks SSH, not HTTP/2: no SETTINGS frame (RFC 9113 §3.4)'),
    ],
  ]
  check(rows, { expectSettings: true })
  describe('HTTP/1 whatever the frame size', () => {
    check([['HTTP/1.1', hexOfText('HTTP/1.1 200 OK\r\n'), http1]], {
      expectSettings: true,
      maxFrameSize: 16_777_215,
    })
  })

  it.each([
    ['HTTP/1', hexOfText('HTTP/1.'), http1],
    ['HTTP/2', hexOfText('HTTP/2'), first('UNKNOWN(0x50)')],
    ['another type', '000000 06', first('PING')],
    [
      'a TLS alert',
      '15 0303 00',
      failed('PROTOCOL_ERROR', 'the peer answered with a TLS alert: no SETTINGS frame (RFC 9113 §3.4)'),
    ],
    [
      'SETTINGS with ACK',
      '000000 04 01',
      failed('PROTOCOL_ERROR', 'first frame is SETTINGS with ACK (RFC 9113 §3.4)'),
    ],
  ])('%s is told at the first octet that shows it', (_name, bytes, calls) => {
    const whole = octets(bytes)
    for (const chunks of chunkings(whole)) expect(parse(chunks, { expectSettings: true })).toEqual(calls)
    for (const chunks of chunkings(whole.subarray(0, -1)))
      expect(parse(chunks, { expectSettings: true })).toEqual([])
  })

  it('is not asked for by default', () => {
    expect(parse([octets(PING)])).toEqual([PING_CALL])
  })
})

describe('pieces of DATA (RFC 9113 §6.1)', () => {
  function pieces(chunks: readonly string[]): string[] {
    const told: string[] = []
    class Pieces extends RecordingSink {
      override onDataStart(streamId: number, length: number, padding: number): void {
        super.onDataStart(streamId, length, padding)
        told.push(`start ${length} ${padding}`)
      }
      override onData(
        id: number,
        buf: Uint8Array,
        start: number,
        end: number,
        last: boolean,
        endStream: boolean,
      ): void {
        super.onData(id, buf, start, end, last, endStream)
        told.push(
          Buffer.from(buf.subarray(start, end)).toString('hex') + (last ? '.' : '') + (endStream ? '!' : ''),
        )
      }
    }
    feed(new FrameParser(new Pieces()), chunks.map(octets))
    return told
  }

  it.each([
    ['at the header, before any content', ['000002 00 00 00000001'], ['start 2 0']],
    ['at the Pad Length', ['000003 00 08 00000001', '01'], ['start 3 2']],
    ['not before the Pad Length', ['000003 00 08 00000001'], []],
    ['as they arrive', ['000003 00 01 00000001 61', '62', '63'], ['start 3 0', '61!', '62!', '63.!']],
    ['last with the end of the frame', ['000002 00 00 00000001', '6162'], ['start 2 0', '6162.']],
    ['last once the padding is in', ['000004 00 08 00000001 02 61', '00', '00'], ['start 4 3', '61', '.']],
    [
      'last with content if the padding is there',
      ['000004 00 08 00000001 02', '61 0000'],
      ['start 4 3', '61.'],
    ],
    ['only padding', ['000003 00 09 00000001 02', '00', '00'], ['start 3 3', '.!']],
  ] as const)('are told %s', (_name, chunks, expected) => {
    expect(pieces(chunks)).toEqual(expected)
  })
})

it('tells a frame from its chunk if it is whole in it, and DATA always (no copy)', () => {
  const chunk = octets('000001 01 04 00000001 82 000001 00 00 00000001 61')
  const seen: Uint8Array[] = []
  class Memory extends RecordingSink {
    override onHeaders(_id: number, _endStream: boolean, _endHeaders: boolean, buf: Uint8Array): void {
      seen.push(buf)
    }
    override onDataStart(): void {}
    override onData(_id: number, buf: Uint8Array): void {
      seen.push(buf)
    }
  }
  new FrameParser(new Memory()).receive(chunk)
  expect(seen.map((buf) => buf === chunk)).toEqual([true, true])
})

describe('stop() within', () => {
  const frames = {
    onDataStart: ['000001 00 00 00000001 61', 'dataStart 1 1 0'],
    onData: ['000003 00 08 00000001 01 61 00', 'dataStart 1 3 2'],
    onHeaders: ['000001 01 00 00000001 82', 'headers 1 82'],
    onContinuation: ['000000 01 00 00000001 000000 09 00 00000001', 'headers 1 ', 'continuation 1 '],
    onPriority: ['000005 02 00 00000001 0000000000', 'priority 1'],
    onRstStream: ['000004 03 00 00000001 00000000', 'rstStream 1 NO_ERROR'],
    onSettings: ['000000 04 00 00000000', 'settings '],
    onSettingsAck: ['000000 04 01 00000000', 'settingsAck'],
    onPushPromise: ['000004 05 00 00000001 00000002', 'pushPromise 1 2 '],
    onPing: ['000008 06 01 00000000 0102030405060708', 'ping 0102030405060708 ACK'],
    onGoaway: ['000008 07 00 00000000 00000000 00000000', 'goaway 0 NO_ERROR '],
    onWindowUpdate: ['000004 08 00 00000000 00000001', 'windowUpdate 0 1'],
    onAltSvc: ['000001 0a 00 00000000 00', 'altSvc 0 00'],
    onOrigin: ['000001 0c 00 00000000 00', 'origin 0 00'],
    onPriorityUpdate: ['000001 10 00 00000000 00', 'priorityUpdate 0 00'],
    onUnknown: ['000001 42 00 00000000 00', 'unknown 66 0 1'],
    onStreamError: [
      '000004 08 00 00000001 00000000',
      'streamError 1 PROTOCOL_ERROR: WINDOW_UPDATE increment 0 (RFC 9113 §6.9)',
    ],
    onConnectionError: [
      '000001 06 00 00000000 00',
      'connectionError FRAME_SIZE_ERROR: PING length other than 8 (RFC 9113 §6.7)',
    ],
  } satisfies Record<keyof FrameSink, readonly [bytes: string, ...calls: string[]]>

  it.each(Object.entries(frames))('%s drops all that follows', (method, [bytes, ...calls]) => {
    for (const chunks of chunkings(octets(bytes! + PING))) {
      const sink = new RecordingSink()
      const parser = new FrameParser(sink)
      let times = 0
      sink.told = (told) => {
        if (told !== method) return
        times++
        parser.stop()
      }
      feed(parser, chunks)
      expect(times).toBe(1)
      const data = method === 'onData' ? sink.calls.slice(0, 1) : sink.calls
      expect(data).toEqual(calls)
    }
  })

  it('a bad PRIORITY drops all that follows', () => {
    const sink = new RecordingSink()
    const parser = new FrameParser(sink)
    sink.told = () => parser.stop()
    feed(parser, [octets(`000001 02 00 00000001 00 ${PING}`)])
    expect(sink.calls).toHaveLength(1)
  })

  it('nothing, before any input, drops it all', () => {
    const sink = new RecordingSink()
    const parser = new FrameParser(sink)
    parser.stop()
    feed(parser, [octets(PING), octets(PING)])
    expect(sink.calls).toEqual([])
  })
})

it('the memory of a long payload that came in pieces is let go', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = () => {
    // The first frees the objects, the second what the sweep of the first left over.
    collect()
    collect()
    return process.memoryUsage().arrayBuffers
  }
  const length = 1_000_000
  const parser = new FrameParser(new RecordingSink(), { maxFrameSize: 16_777_215 })
  const before = held()
  parser.receive(octets(`${length.toString(16).padStart(6, '0')} 01 04 00000001`))
  const piece = new Uint8Array(length / 100)
  for (let i = 0; i < 100; i++) {
    if (i === 50) expect(held() - before).toBeGreaterThan(length)
    parser.receive(piece)
  }
  expect(held() - before).toBeLessThan(length / 2)
})
