/** Fault scenarios 58 to 74: what responses say (RFC 9113 §8). */
import { randomBytes } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import type { HTTP20ConnectionOptions, HTTP20Response } from '../../src/index.ts'
import {
  continuation,
  data,
  errorCodeOf,
  fieldBlock,
  type HeadersSpec,
  headers,
  rstStream,
  type Sendable,
} from '../../src/testing/index.ts'
import { BOMBS, type Bomb, zeros } from '../support/bombs.ts'
import type { Asked, Run } from './run.ts'
import { CANCEL, NO_ERROR, PROTOCOL_ERROR, STREAM_CLOSED, scenario } from './scenario.ts'

const RST_STREAM = 3

/** The request fails as malformed, with one RST_STREAM, and the connection goes on. */
async function malformed(run: Run, asked: Asked, processed: 'unknown' | 'yes' = 'yes'): Promise<void> {
  const like = {
    code: 'H2_STREAM_ERROR',
    scope: 'stream',
    initiator: 'local',
    errorCode: PROTOCOL_ERROR,
    processed,
  }
  await run.fails(asked, like)
  await run.peer.until(rstStream(1, PROTOCOL_ERROR))
  await run.usable()
  const resets = run.peer.connection.frames.filter(({ type }) => type === RST_STREAM)
  expect(resets, 'one RST_STREAM').toHaveLength(1)
}

/** Cases that are each one field more in a response. */
function fieldCases(
  rows: Readonly<Record<string, readonly [name: string, value: string]>>,
): Record<string, HeadersSpec> {
  return Object.fromEntries(
    Object.entries(rows).map(([title, [name, value]]) => [title, headers(1).status(200).field(name, value)]),
  )
}

function badHead(title: string, cases: Record<string, HeadersSpec>): void {
  scenario(title, { cases }, async (run, response) => {
    const asked = await run.opened()
    run.peer.send(response.endStream())
    await malformed(run, asked)
  })
}

badHead('#58 No :status, of two digits, of four, no number, twice: S:PROTOCOL_ERROR', {
  none: headers(1).field('server', 'x'),
  '20': headers(1).status(20),
  '2000': headers(1).status(2000),
  abc: headers(1).status('abc'),
  twice: headers(1).status(200).status(200),
})

badHead('#59 :path in a response, an unknown pseudo-header field, one behind a field: S:PROTOCOL_ERROR', {
  ':path': headers(1).status(200).field(':path', '/'),
  unknown: headers(1).status(200).field(':foo', 'x'),
  'behind a field': headers(1).field('server', 'x').status(200),
})

scenario('#59 A pseudo-header field in trailers: S:PROTOCOL_ERROR', {}, async (run) => {
  const asked = await run.opened()
  run.peer.send(headers(1).status(200), data(1, 'x'), headers(1).status(200).endStream())
  await malformed(run, asked)
})

badHead(
  '#60 A name in upper case, with a space, a colon, DEL, an empty one: S:PROTOCOL_ERROR',
  fieldCases({
    'upper case': ['X-Upper', 'x'],
    space: ['x y', 'x'],
    colon: ['x:y', 'x'],
    DEL: ['x\x7f', 'x'],
    empty: ['', 'x'],
  }),
)

badHead(
  '#61 A value with NUL, CR, LF, a space in front: S:PROTOCOL_ERROR',
  fieldCases({ NUL: ['x', 'a\0b'], CR: ['x', 'a\rb'], LF: ['x', 'a\nb'], space: ['x', ' a'] }),
)

badHead(
  '#62 connection, keep-alive, transfer-encoding, upgrade, proxy-connection: S:PROTOCOL_ERROR',
  fieldCases({
    connection: ['connection', 'close'],
    'keep-alive': ['keep-alive', 'timeout=5'],
    'transfer-encoding': ['transfer-encoding', 'chunked'],
    upgrade: ['upgrade', 'h2c'],
    'proxy-connection': ['proxy-connection', 'close'],
  }),
)

scenario(
  '#63 content-length 10 with 9, 11 and 0 octets: the body rejects',
  { cases: { '9': 9, '11': 11, '0': 0 } },
  async (run, octets) => {
    const asked = await run.opened()
    const head = headers(1).status(200).field('content-length', '10')
    run.peer.send(head, data(1, 'x'.repeat(octets)).endStream())
    await malformed(run, asked)
  },
)

badHead('#63 content-length twice and different, +5, 5 and 6 in a list: S:PROTOCOL_ERROR', {
  different: headers(1).status(200).field('content-length', '5').field('content-length', '6'),
  '+5': headers(1).status(200).field('content-length', '+5'),
  'a list': headers(1).status(200).field('content-length', '5,6'),
})

scenario('#64 HEAD with content-length 100 and END_STREAM: fine', {}, async (run) => {
  const asked = run.request('HEAD', '/')
  await run.peer.expect(headers(1).request('HEAD', '/').endStream())
  run.peer.send(headers(1).status(200).field('content-length', '100').endStream())
  await run.answers(asked, 200, '')
  await run.usable()
})

scenario(
  '#65 HEAD, 204 and 304 with content: S:PROTOCOL_ERROR',
  { cases: { HEAD: ['HEAD', 200], '204': ['GET', 204], '304': ['GET', 304] } as const },
  async (run, [method, status]) => {
    const asked = run.request(method, '/')
    await run.peer.until(headers(1))
    run.peer.send(headers(1).status(status), data(1, 'x').endStream())
    await malformed(run, asked)
  },
)

function early(status: number): HeadersSpec {
  return headers(1).status(status).field('link', '</style.css>')
}

scenario(
  '#66 100, then 200; 103 three times, then 200: told, each of them',
  { cases: { '100': [100], '103 three times': [103, 103, 103] } },
  async (run, statuses) => {
    const asked = await run.opened()
    run.peer.send(...statuses.map(early), headers(1).status(200).endStream())
    await run.answers(asked, 200)
    const { response } = await asked.outcome
    expect(response?.informational.map(({ status }) => status)).toEqual(statuses)
    await run.usable()
  },
)

scenario(
  '#66 Nine times 103; 103 with END_STREAM; 101: S:PROTOCOL_ERROR',
  {
    cases: {
      nine: Array.from({ length: 9 }, () => early(103)),
      END_STREAM: [early(103).endStream()],
      '101': [early(101)],
    },
  },
  async (run, frames) => {
    const asked = await run.opened()
    run.peer.send(...frames)
    await malformed(run, asked)
  },
)

scenario(
  '#67 END_STREAM on HEADERS that CONTINUATION follows: the response ends behind the block',
  {},
  async (run) => {
    const asked = await run.opened()
    const block = fieldBlock([
      [':status', '200'],
      ['x-some', 'value'],
    ])
    const [first, rest] = [block.subarray(0, 7), block.subarray(7)]
    run.peer.send(headers(1).block(first).open().endStream(), continuation(1, rest).flag(4))
    await run.answers(asked, 200, '')
    expect((await asked.outcome).response?.getHeader('x-some')).toBe('value')
    await run.usable()
  },
)

scenario('#68 HEADERS, DATA, HEADERS without END_STREAM: S:PROTOCOL_ERROR', {}, async (run) => {
  const asked = await run.opened()
  run.peer.send(headers(1).status(200), data(1, 'x'), headers(1).field('x', 'y'))
  await malformed(run, asked)
})

scenario('#69 DATA before HEADERS: S:PROTOCOL_ERROR', {}, async (run) => {
  const asked = await run.opened()
  run.peer.send(data(1, 'x'))
  await malformed(run, asked, 'unknown')
})

scenario(
  '#70 HEADERS or DATA behind END_STREAM: S:STREAM_CLOSED, the response stays whole',
  { cases: { HEADERS: headers(1).field('x', 'y').endStream(), DATA: data(1, 'more') } },
  async (run, late) => {
    const asked = await run.opened()
    run.peer.send(headers(1).status(200), data(1, 'whole').endStream(), late)
    await run.answers(asked, 200, 'whole')
    await run.peer.until(rstStream(1, STREAM_CLOSED))
    await run.usable()
  },
)

scenario(
  '#71 Trailers of one field; announced and absent: delivered, fine',
  {
    cases: {
      'one field': [[data(1, 'x'), headers(1).field('x-sum', '7').endStream()], '7'],
      absent: [[data(1, 'x').endStream()], null],
    } as Record<string, readonly [Sendable[], string | null]>,
  },
  async (run, [rest, sum]) => {
    const asked = await run.opened()
    run.peer.send(headers(1).status(200).field('trailer', 'x-sum'), ...rest)
    await run.answers(asked, 200, 'x')
    expect((await (await asked.outcome).response?.trailers)?.get('x-sum')).toBe(sum)
    await run.usable()
  },
)

/** An upload without end, that says when it was stopped. */
class Endless implements AsyncIterable<Uint8Array> {
  stopped = false

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(1000)
    } finally {
      this.stopped = true
    }
  }
}

scenario(
  '#72 The response is complete before the upload, RST_STREAM NO_ERROR: delivered, the upload stops, nothing throws',
  {},
  async (run) => {
    const body = new Endless()
    const asked = run.post('/up', body)
    await run.peer.until(data(1))
    run.peer.send(headers(1).status(200), data(1, 'enough').endStream(), rstStream(1, NO_ERROR))
    await run.answers(asked, 200, 'enough')
    await run.peer.sync()
    expect(body.stopped).toBe(true)
    await run.usable()
  },
)

scenario(
  '#73 413 is complete, no RST_STREAM, the upload never gets credit: delivered, our side resets, nothing hangs',
  { peer: { settings: { initialWindowSize: 0 } } },
  async (run) => {
    await run.ready()
    const body = new Endless()
    const asked = run.post('/up', body)
    await run.peer.until(headers(1))
    run.peer.send(headers(1).status(413), data(1, 'too much').endStream())
    await run.answers(asked, 413, 'too much')
    const reset = await run.peer.until(rstStream(1))
    expect([NO_ERROR, CANCEL]).toContain(errorCodeOf(reset))
    expect(body.stopped).toBe(true)
    await run.usable()
  },
)

/** A response of coded content; `end: false`: there is more to come. */
function coded(coding: string, content: Uint8Array, end = true): Sendable[] {
  const frames: Sendable[] = [headers(1).status(200).field('content-encoding', coding)]
  for (let at = 0; at < content.length; at += 16_384) frames.push(data(1, content.subarray(at, at + 16_384)))
  return end ? [...frames, data(1, '').endStream()] : frames
}

const RANDOM = randomBytes(500)

scenario(
  '#74 A coded body that is cut short, that is none, six layers: H2_DECODE',
  {
    cases: {
      'gzip, cut short': coded('gzip', gzipSync(RANDOM).subarray(0, 300)),
      'deflate, cut short': coded('deflate', deflateSync(RANDOM).subarray(0, 300)),
      'br, cut short': coded('br', brotliCompressSync(RANDOM).subarray(0, 300)),
      'the inner of two layers, cut short': coded(
        'gzip, br',
        brotliCompressSync(gzipSync(RANDOM).subarray(0, 300)),
      ),
      'no gzip': coded('gzip', new Uint8Array(50)),
      'no gzip, and more to come': coded('gzip', new Uint8Array(50), false),
      'six layers': coded('gzip, gzip, gzip, gzip, gzip, gzip', gzipSync('x')),
    },
  },
  async (run, frames) => {
    const asked = await run.opened()
    run.peer.send(...frames)
    await run.fails(asked, { code: 'H2_DECODE', scope: 'stream', processed: 'yes', retryable: false })
    await run.usable()
  },
)

const DECODED_TOO_LARGE = {
  code: 'H2_DECODED_TOO_LARGE',
  scope: 'stream',
  initiator: 'local',
  errorCode: CANCEL,
  processed: 'yes',
  retryable: false,
}

/** Reads a bomb, and says what it was given of it. */
type Read = (response: HTTP20Response, given: (octets: number) => void) => Promise<unknown>

interface Attack {
  readonly bomb: Bomb
  readonly read: Read
  readonly limits: NonNullable<HTTP20ConnectionOptions['limits']>
}

const READERS: Readonly<Record<string, Read>> = {
  'read whole': (response) => response.text(),
  'read in pieces': async (response, given) => {
    for await (const piece of response) given(piece.length)
  },
  'read as a stream': async (response, given) => {
    await response.body.pipeTo(new WritableStream({ write: (piece: Uint8Array) => given(piece.length) }))
  },
}

scenario(
  '#74 A bomb of a thousand to one and more: as much as the limits allow, RST_STREAM, and the others go on',
  {
    huge: true,
    cases: Object.fromEntries(
      BOMBS.flatMap((bomb) =>
        Object.entries(READERS).flatMap(([way, read]): [string, Attack][] => [
          [`${bomb.coding}, ${way}, for its ratio`, { bomb, read, limits: { freeDecodedSize: 1_000_000 } }],
          [`${bomb.coding}, ${way}, for its size`, { bomb, read, limits: { maxDecodedSize: 1_000_000 } }],
        ]),
      ),
    ),
    setup: ({ limits }) => ({ client: { limits } }),
  },
  async (run, { bomb, read }) => {
    const other = await run.opened('/other')
    let given = 0
    const asked = run.request('GET', '/', {}, async (response) => {
      await read(response, (octets) => {
        given += octets
      })
      return ''
    })
    await run.peer.until(headers(3))
    const content = zeros(bomb, 10_000_000)
    run.peer.send(headers(3).status(200).field('content-encoding', bomb.coding))
    for (let at = 0; at < content.length; at += 16_384)
      run.peer.send(data(3, content.subarray(at, at + 16_384)))
    await run.fails(asked, DECODED_TOO_LARGE)
    await run.peer.until(rstStream(3, CANCEL))
    expect(given).toBeLessThanOrEqual(1_000_000)
    run.peer.send(headers(1).status(204).endStream())
    await run.answers(other, 204)
    await run.usable()
  },
)

scenario(
  '#74 Ten gigabytes, no option set: 32 MiB of them, and no more memory than that',
  { huge: true },
  async (run) => {
    const bomb = BOMBS.find(({ coding }) => coding === 'br')!
    const memory = () => process.memoryUsage().arrayBuffers
    const before = memory()
    let [given, most] = [0, 0]
    const asked = run.request('GET', '/', {}, async (response) => {
      for await (const piece of response) {
        given += piece.length
        most = Math.max(most, memory())
      }
      return ''
    })
    await run.peer.until(headers(1))
    run.peer.send(...coded('br', zeros(bomb, 10_000_000_000), false))
    await run.fails(asked, DECODED_TOO_LARGE)
    await run.peer.until(rstStream(1, CANCEL))
    expect(given).toBeLessThanOrEqual(33_554_432)
    expect(most - before).toBeLessThan(60_000_000)
    await run.usable()
  },
)

scenario('#74 A bomb of which little is read: no more is decoded than is read', {}, async (run) => {
  const bomb = gzipSync(new Uint8Array(4_000_000))
  const asked = run.request('GET', '/', {}, async (response) => {
    const start = await response.read(1000)
    response.cancel()
    return String(start.length)
  })
  await run.peer.until(headers(1))
  run.peer.send(...coded('gzip', bomb))
  await run.answers(asked, 200)
  const read = Number((await asked.outcome).text)
  expect(read).toBeGreaterThan(0)
  expect(read).toBeLessThanOrEqual(1000)
  await run.usable()
})
