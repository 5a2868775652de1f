/** The parser of HTTP/1.1 against that of `node:http` (RFC 9112): what both take they read alike, and what it refuses is refused. */
import http from 'node:http'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ResponseHead } from '../../src/http1/framing.ts'
import { octetsOf, parsed, Recorder } from '../http1/recording.ts'

const SEED = 9112

/** What a reader made of a response; undefined if it refused it. */
interface Read {
  status: number
  reason: string
  fields: string[]
  content: string
  trailers: string[]
  /** Octets behind it. */
  behind: number
}

/** Ours, of a connection that ends behind these bytes. */
function ours(bytes: Uint8Array): Read | undefined {
  const read: Read = { status: 0, reason: '', fields: [], content: '', trailers: [], behind: 0 }
  const recorder = new (class extends Recorder {
    override onResponse({ status, reason, fields }: ResponseHead): void {
      this.tell('head')
      Object.assign(read, { status, reason, fields })
    }
    override onContent(buf: Uint8Array, start: number, end: number): void {
      read.content += Buffer.from(buf.subarray(start, end)).toString('latin1')
    }
    override onComplete(trailers: readonly string[]): void {
      this.tell('end')
      read.trailers = [...trailers]
    }
  })()
  const told = parsed([bytes], 'GET', undefined, recorder)
  // Node gives up the response with what is behind it, if they come together.
  read.behind = Number(/^behind it (\d+)$/.exec(told.at(-1) ?? '')?.[1] ?? 0)
  return told.includes('end') ? read : undefined
}

/** Node's. */
function nodes(bytes: Uint8Array): Promise<Read | undefined> {
  return new Promise((resolve) => {
    const stream = new Duplex({
      read() {},
      write: (_chunk, _encoding, done) => {
        done()
        stream.push(Buffer.from(bytes))
        stream.push(null)
      },
    })
    const request = http.get({ createConnection: () => stream as never, headers: { host: 'a' } })
    request.on('error', () => resolve(undefined))
    request.on('upgrade', () => resolve(undefined))
    request.on('response', (response) => {
      const { statusCode: status = 0, statusMessage: reason = '', rawHeaders } = response
      let content = ''
      response.setEncoding('latin1')
      response.on('data', (text) => {
        content += text
      })
      response.on('error', () => resolve(undefined))
      response.on('end', () => {
        const fields = lowered(rawHeaders)
        const trailers = lowered(response.rawTrailers)
        resolve(response.complete ? { status, reason, fields, content, trailers, behind: 0 } : undefined)
      })
    })
  })
}

function lowered(raw: readonly string[]): string[] {
  return raw.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text))
}

function lengthsOf({ fields }: Read): number {
  return fields.filter((name, i) => i % 2 === 0 && name === 'content-length').length
}

/** Parts that a response may be made of, right and wrong. */
const STARTS = [
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 200\r\n',
  'HTTP/1.0 404 Not There\r\n',
  'HTTP/1.1  200 OK\r\n',
  'HTTP/1.1 20 OK\r\n',
  'http/1.1 200 OK\r\n',
  'HTTP/1.1 200 O\rK\r\n',
  'HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\n',
  'HTTP/1.1 204 N\r\n',
  'HTTP/1.1 304 N\r\n',
]
const LINES = [
  'Content-Length: 3\r\n',
  'Content-Length: 03\r\n',
  'Content-Length: +3\r\n',
  'Content-Length: 3x\r\n',
  'Content-Length: 0x3\r\n',
  'Content-Length : 3\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: Chunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Transfer-Encoding: chunked, chunked\r\n',
  'Connection: close\r\n',
  'X: y\r\n',
  'X:\ty \r\n',
  'X: a:b\r\n',
  'X: \xe4\r\n',
  'X: a\rb\r\n',
  'X: a\0b\r\n',
  ': y\r\n',
  'X\r\n',
  'X: y\n',
]
const BODIES = [
  '',
  'abc',
  '3\r\nabc\r\n0\r\n\r\n',
  '03;a=b\r\nabc\r\n0\r\nT: 1\r\n\r\n',
  '+3\r\nabc\r\n0\r\n\r\n',
  '0x3\r\nabc\r\n0\r\n\r\n',
  '3 \r\nabc\r\n0\r\n\r\n',
  '3\nabc\r\n0\r\n\r\n',
  '3\r\nabc0\r\n\r\n',
  '3\r\nabc\r\n0\r\n',
  '10000000000000003\r\nabc\r\n0\r\n\r\n',
  '\r\n',
]

const response = fc
  .tuple(
    fc.constantFrom(...STARTS),
    fc.array(fc.constantFrom(...LINES), { maxLength: 3 }),
    fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', ''),
    fc.constantFrom(...BODIES),
  )
  .map(([start, lines, end, body]) => start + lines.join('') + end + body)

describe('of node:http and of ours', () => {
  it('the verdicts are the same, but where ours is stricter, and what both read is the same', async () => {
    let both = 0
    const property = fc.asyncProperty(response, async (text) => {
      const bytes = octetsOf(text)
      const mine = ours(bytes)
      // Below: what is said twice.
      if (mine === undefined || lengthsOf(mine) > 1) return
      both += 1
      const theirs = await nodes(bytes.subarray(0, bytes.length - mine.behind))
      expect({ ...mine, behind: 0 }).toEqual(theirs)
    })
    await fc.assert(property, { seed: SEED, numRuns: 1500 })
    expect(both).toBeGreaterThan(150)
  })

  const stricter: [name: string, text: string][] = [
    [
      'identity is told of, but not with a length',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc',
    ],
    [
      'a coding that nobody asked for',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
    ['a version of another major number', 'HTTP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc'],
  ]
  it.each(stricter)('ours refuses %s', (_, text) => {
    expect(ours(octetsOf(text))).toBeUndefined()
  })

  // RFC 9112 §5.2 and §6.3 ask for these, and RFC 9110 §5.5 allows the last.
  const taken: [name: string, text: string, fields: string[]][] = [
    ['a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 3\r\n\r\nabc', ['a', 'b c']],
    [
      'a length that is said twice',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
      ['content-length', '3'],
    ],
    ['a list of one length', 'HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3, 3\r\n\r\nabc', ['a', 'b']],
    [
      'a control character in a value',
      'HTTP/1.1 200 OK\r\nA: \x01\r\nContent-Length: 3\r\n\r\nabc',
      ['a', '\x01'],
    ],
  ]
  it.each(taken)('ours takes %s, which Node refuses', async (_, text, fields) => {
    const mine = ours(octetsOf(text))!
    expect([mine.fields.slice(0, 2), mine.content]).toEqual([fields, 'abc'])
    expect(await nodes(octetsOf(text))).toBeUndefined()
  })
})
