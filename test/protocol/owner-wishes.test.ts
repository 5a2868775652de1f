/**
 * What an owner with wishes of its own asks of the engine: SETTINGS while it
 * runs, GOAWAY that ends nothing, sections as they stand, identifiers, uploads
 * beyond the response; and what it is told then.
 */
import { beforeEach, describe, expect, it } from 'vitest'
import { Decoder } from '../../src/hpack/index.ts'
import {
  Connection,
  type ConnectionOptions,
  type ConnectionSink,
  type Failure,
  type RequestHead,
  type RequestStream,
  type SettingsEntries,
} from '../../src/protocol/index.ts'
import { RecordingSink } from '../support/engine.ts'
import { neverIndexed } from '../support/field-blocks.ts'
import {
  concat,
  data,
  END_HEADERS,
  frame,
  goaway,
  HEADERS,
  headers,
  latin1,
  ping,
  readFrames,
  response,
  rstStream,
  SETTINGS,
  settings,
  settingsAck,
  uint32At,
  type WireFrame,
} from '../support/wire.ts'
import { lines, PROTOCOL_ERROR } from './sent.ts'

/** Writes down how far its upload got. */
class ProgressSink extends RecordingSink {
  readonly sent: [octets: number, ended: boolean][] = []
  secret: readonly string[] | undefined = undefined

  onSent(octets: number, ended: boolean): void {
    this.sent.push([octets, ended])
  }

  override onResponse(
    status: number,
    fields: readonly string[],
    endStream: boolean,
    secret?: readonly string[],
  ): void {
    super.onResponse(status, fields, endStream)
    this.secret = secret
  }
}

class Owner implements ConnectionSink {
  readonly connection: Connection
  readonly told: string[] = []
  failure: Failure | undefined = undefined

  constructor(options: ConnectionOptions = {}) {
    this.connection = new Connection(this, options, 0)
  }

  onReady(): void {}
  onDraining(): void {
    this.told.push('draining')
  }
  onPong(token: number): void {
    this.told.push(`pong ${token}`)
  }
  onClosed(failure: Failure | undefined): void {
    this.failure = failure
    this.told.push('closed')
  }
  onNotice(): void {}
  onPeerSettings(entries: SettingsEntries): void {
    this.told.push(`settings ${JSON.stringify(entries)}`)
  }
  onSettingsAcknowledged(): void {
    this.told.push('acknowledged')
  }
  onPeerPing(octets: Uint8Array): void {
    this.told.push(`ping ${String.fromCharCode(...octets)}`)
  }
  onPeerGoaway(lastStreamId: number, errorCode: number, debugData: Uint8Array): void {
    this.told.push(`goaway ${lastStreamId} ${errorCode} ${String.fromCharCode(...debugData)}`)
  }
  onAltSvc(streamId: number, origin: string, value: string): void {
    this.told.push(`altsvc ${streamId} ${origin} ${value}`)
  }
  onOrigin(origins: readonly string[]): void {
    this.told.push(`origin ${origins.join(' ')}`)
  }

  receive(...chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.connection.receive(chunk, 0)
  }

  open(head: Partial<RequestHead> = {}, endStream = true): ProgressSink & { stream: RequestStream } {
    const sink = new ProgressSink()
    const full = { method: 'GET', scheme: 'https', authority: 'a.test', path: '/', fields: [], ...head }
    sink.stream = this.connection.open(full, endStream, sink, 0)
    return sink as ProgressSink & { stream: RequestStream }
  }

  /** The frames sent since the last call. */
  frames(): WireFrame[] {
    const pieces: Uint8Array[] = []
    for (
      let bytes = this.connection.pull(65_536);
      bytes !== undefined;
      bytes = this.connection.pull(65_536)
    ) {
      pieces.push(bytes.slice())
    }
    return readFrames(concat(...pieces))
  }

  static ready(options: ConnectionOptions = {}): Owner {
    const owner = new Owner(options)
    owner.frames()
    owner.receive(settings(), settingsAck)
    owner.frames()
    owner.told.length = 0
    return owner
  }
}

function entriesOf({ payload }: WireFrame): [number, number][] {
  const entries: [number, number][] = []
  for (let at = 0; at < payload.length; at += 6) {
    entries.push([payload[at]! * 256 + payload[at + 1]!, uint32At(payload, at + 2)])
  }
  return entries
}

describe('SETTINGS of an owner', () => {
  it('are the first frame, as they stand', () => {
    const owner = new Owner({
      firstSettings: [
        [0x55, 7],
        [4, 100],
      ],
    })
    expect(entriesOf(owner.frames()[0]!)).toEqual([
      [0x55, 7],
      [4, 100],
    ])
  })

  it('may be none at all', () => {
    const [first] = new Owner({ firstSettings: [] }).frames()
    expect([first!.type, first!.payload.length]).toEqual([SETTINGS, 0])
  })

  it('are sent while it runs, and in force once acknowledged, one frame by one acknowledgement', () => {
    const owner = Owner.ready({ settings: { initialWindowSize: 100 } })
    const early = owner.open()
    owner.frames()
    owner.receive(response(1, 200), data(1, 'x'.repeat(10)))
    owner.connection.settings([[4, 20]])
    owner.connection.settings([[4, 30]])
    expect(
      owner
        .frames()
        .filter(({ type }) => type === SETTINGS)
        .map(entriesOf),
    ).toEqual([[[4, 20]], [[4, 30]]])
    expect(owner.told).toEqual([])
    early.hold = true
    // Until it is acknowledged, the window is what it was.
    owner.receive(data(1, 'x'.repeat(50)), settingsAck, settingsAck)
    expect(owner.told).toEqual(['acknowledged', 'acknowledged'])
    expect(early.failure).toBeUndefined()
    // The open stream's window shrank by 70: it may be negative (RFC 9113 §6.9.2).
    owner.receive(data(1, 'x'))
    expect(early.failure?.reason).toContain('§6.9.1')
    const late = owner.open()
    owner.frames()
    late.hold = true
    owner.receive(response(3, 200), data(3, 'x'.repeat(30)))
    expect([late.failure, late.received]).toEqual([undefined, 30])
    owner.receive(data(3, 'x'))
    expect(late.failure?.reason).toContain('§6.9.1')
  })

  it('that nobody sent cannot be acknowledged', () => {
    const owner = Owner.ready()
    owner.receive(settingsAck)
    expect(owner.failure?.errorCode).toBe(PROTOCOL_ERROR)
  })

  it('raise the size of frames', () => {
    const owner = Owner.ready()
    const sink = owner.open()
    owner.frames()
    owner.connection.settings([[5, 20_000]])
    owner.receive(settingsAck, response(1, 200), data(1, new Uint8Array(20_000)))
    expect([sink.received, owner.failure]).toEqual([20_000, undefined])
  })

  it('raise the size of field sections, and leave a lower one to the peer', () => {
    const large = headers(1, [
      [':status', '200'],
      ['a', 'x'.repeat(200)],
    ])
    const owner = Owner.ready({ settings: { maxHeaderListSize: 100 } })
    owner.connection.settings([[6, 1000]])
    owner.connection.settings([[6, 1]])
    owner.receive(settingsAck, settingsAck)
    const sink = owner.open()
    owner.frames()
    owner.receive(large)
    expect(sink.status).toBe(200)
  })

  it('turn pushes off', () => {
    const owner = Owner.ready({ enablePush: true })
    owner.open()
    owner.frames()
    owner.connection.settings([[2, 0]])
    owner.receive(settingsAck, frame(5, END_HEADERS, 1, Uint8Array.of(0, 0, 0, 2)))
    expect(owner.failure?.reason).toContain('push is disabled')
  })
})

describe('GOAWAY of an owner', () => {
  it('says what it is given, behind the requests made before, and ends nothing', () => {
    const owner = Owner.ready()
    owner.open()
    owner.connection.goaway(2, 7, latin1('why'))
    const frames = owner.frames()
    expect(lines(frames)).toEqual(['HEADERS 1 end', 'GOAWAY 7 INTERNAL_ERROR'])
    expect(String.fromCharCode(...frames[1]!.payload.subarray(8))).toBe('why')
    owner.open()
    expect(lines(owner.frames())).toEqual(['HEADERS 3 end'])
  })

  it('never names a later stream than the one before (RFC 9113 §6.8)', () => {
    const owner = Owner.ready()
    owner.connection.goaway(0, 4)
    owner.connection.goaway(0, 8)
    owner.connection.shutdown(0, 0)
    expect(lines(owner.frames())).toEqual(['GOAWAY 4 NO_ERROR', 'GOAWAY 4 NO_ERROR', 'GOAWAY 0 NO_ERROR'])
  })
})

describe('a request of an owner', () => {
  let owner: Owner
  beforeEach(() => {
    owner = Owner.ready()
  })

  it('is the section that it gives, in its order and unchecked', () => {
    const section = [':path', 'odd', ':method', 'GET', 'connection', 'x']
    owner.open({ section })
    const [sent] = owner.frames()
    expect(new Decoder().decode(sent!.payload).flat()).toEqual(section)
  })

  it('has fields that no table may keep', () => {
    owner.open({ fields: ['a', '1', 'b', '2'], sensitive: new Set(['b']) })
    const fields = new Decoder().decode(owner.frames()[0]!.payload)
    expect(fields.map(([name, , secret]) => [name, secret ?? false]).slice(-2)).toEqual([
      ['a', false],
      ['b', true],
    ])
  })

  it('has the identifier that it gives, above every other', () => {
    owner.open({ streamId: 5 })
    owner.open({ streamId: 9 })
    expect(lines(owner.frames())).toEqual(['HEADERS 5 end', 'HEADERS 9 end'])
    for (const streamId of [9, 7, 10, 2 ** 31 + 1]) expect(() => owner.open({ streamId })).toThrow(RangeError)
    // What was skipped is closed (RFC 9113 §5.1.1).
    owner.receive(rstStream(7, 0))
    expect(owner.failure).toBeUndefined()
  })

  it('goes on when its response has ended, and ends with its upload', () => {
    const sink = owner.open({ method: 'POST', duplex: true }, false)
    owner.frames()
    owner.receive(response(1, 200, true))
    expect(sink.ended).toBe(true)
    expect(sink.stream.writable).toBe(true)
    sink.stream.write(latin1('late'))
    sink.stream.end()
    expect(lines(owner.frames())).toEqual(['DATA 1 4 end'])
    expect(owner.connection.openStreams).toBe(0)
  })

  it('is told of a reset that comes behind its response', () => {
    const sink = owner.open({ method: 'POST', duplex: true }, false)
    owner.frames()
    owner.receive(response(1, 200, true), rstStream(1, 8))
    expect(sink.failure).toMatchObject({ errorCode: 8, initiator: 'peer' })
  })

  it('is told how far its upload got, and of its end', () => {
    const sink = owner.open({ method: 'POST' }, false)
    sink.stream.write(new Uint8Array(20_000))
    owner.frames()
    sink.stream.write(new Uint8Array(50_000))
    sink.stream.end()
    owner.frames()
    // The window of 65,535 octets is used up.
    expect(sink.sent).toEqual([
      [20_000, false],
      [45_535, false],
    ])
    owner.receive(frame(8, 0, 0, Uint8Array.of(0, 1, 0, 0)), frame(8, 0, 1, Uint8Array.of(0, 1, 0, 0)))
    owner.frames()
    expect(sink.sent.at(-1)).toEqual([4465, true])
  })

  it('without content is told that it has ended', () => {
    const sink = owner.open()
    owner.frames()
    expect(sink.sent).toEqual([[0, true]])
  })

  it('is told of fields that came as never-indexed', () => {
    const sink = owner.open()
    owner.frames()
    const block = concat(Uint8Array.of(0x88), neverIndexed('secret', '1'))
    owner.receive(frame(HEADERS, END_HEADERS, 1, block))
    expect([sink.fields, sink.secret]).toEqual([['secret', '1'], ['secret']])
  })
})

describe('a PING of an owner', () => {
  it('has its octets, and its answer the token', () => {
    const owner = Owner.ready()
    const token = owner.connection.ping(0, latin1('abcdefgh'))
    expect(owner.frames()[0]!.payload).toEqual(latin1('abcdefgh'))
    owner.receive(ping(latin1('abcdefgX'), true))
    expect(owner.told).toEqual([])
    owner.receive(ping(latin1('abcdefgh'), true))
    expect(owner.told).toEqual([`pong ${token}`])
  })
})

describe('the window of the connection', () => {
  it('grows to what is asked for, and never shrinks', () => {
    const owner = Owner.ready({ limits: { connectionWindowSize: 100_000 } })
    owner.connection.raiseWindow(150_000)
    owner.connection.raiseWindow(120_000)
    expect(lines(owner.frames())).toEqual(['WINDOW_UPDATE 0 +50000'])
  })
})

describe('news of the peer', () => {
  const sized = (text: string) => concat(Uint8Array.of(text.length >> 8, text.length), latin1(text))
  const ALTSVC = 0x0a
  const ORIGIN = 0x0c

  it.each([
    ['SETTINGS', settings({ 3: 7, 1000: 1 }), ['settings [[3,7],[1000,1]]']],
    ['PING', ping(latin1('12345678')), ['ping 12345678']],
    ['GOAWAY', goaway(0, 0, 'bye\0'), ['goaway 0 0 bye\0', 'draining', 'closed']],
    [
      'ALTSVC for an origin',
      frame(ALTSVC, 0, 0, concat(sized('https://a.test'), latin1('h2=":1"'))),
      ['altsvc 0 https://a.test h2=":1"'],
    ],
    ['ALTSVC on a stream', frame(ALTSVC, 0, 1, concat(sized(''), latin1('clear'))), ['altsvc 1  clear']],
    ['ALTSVC without an origin on stream 0', frame(ALTSVC, 0, 0, concat(sized(''), latin1('clear'))), []],
    [
      'ALTSVC with an origin on a stream',
      frame(ALTSVC, 0, 1, concat(sized('https://a.test'), latin1('clear'))),
      [],
    ],
    ['ALTSVC cut short', frame(ALTSVC, 0, 0, Uint8Array.of(0, 9, 0x61)), []],
    ['ALTSVC of no text', frame(ALTSVC, 0, 0, concat(sized('https://a.test'), Uint8Array.of(1))), []],
    [
      'ORIGIN',
      frame(ORIGIN, 0, 0, concat(sized('https://a.test'), sized('https://b.test'))),
      ['origin https://a.test https://b.test'],
    ],
    ['ORIGIN on a stream', frame(ORIGIN, 0, 1, sized('https://a.test')), []],
    ['ORIGIN cut short', frame(ORIGIN, 0, 0, concat(sized('https://a.test'), Uint8Array.of(0, 9))), []],
    [
      'ORIGIN with an entry of no text',
      frame(ORIGIN, 0, 0, concat(sized('\0'), sized('https://b.test'))),
      ['origin https://b.test'],
    ],
  ])('%s', (_name, bytes, told) => {
    const owner = Owner.ready()
    owner.receive(bytes)
    expect(owner.told).toEqual(told)
    expect(owner.failure).toBeUndefined()
  })
})
