/**
 * No malformed request leaves, whoever asks: each face refuses it before an octet
 * of it is sent, or sends what is legal in its place (RFC 9110 §5, §6.5.1, §8.6).
 */
import { describe, expect, test } from 'vitest'
import { MemoryOrigin, type OriginRequest } from '../../src/testing/index.ts'
import type { Dial } from '../../src/testing/transport-shape.ts'
import { memoryPair } from '../../src/transport/memory.ts'
import { type Asked, FACES, type Face } from './faces.ts'

const length = (...values: string[]): Asked['headers'] =>
  values.map((value) => ['content-length', value] as const)
const post = (headers: Asked['headers'], body = 'ab'): Asked => ({
  method: 'POST',
  headers: headers ?? [],
  body,
})
const behind = (name: string, value = 'x'): Asked => ({
  method: 'POST',
  body: 'ab',
  trailers: [[name, value]],
})

/** What is wrong with a request. */
const WRONG: Readonly<Record<string, Asked>> = {
  'content-length of a GET without content': { headers: length('2') ?? [] },
  'content-length of a POST without content': { method: 'POST', headers: length('2') ?? [] },
  'content-length of a HEAD': { method: 'HEAD', headers: length('7') ?? [] },
  'content-length, more than there is': post(length('3')),
  'content-length, less than there is': post(length('1')),
  'content-length 0 of content': post(length('0')),
  'content-length twice': post(length('2', '100')),
  'content-length twice, the second is right': post(length('100', '2')),
  'content-length twice, in two ways': post([['content-length', '2'], ['Content-Length', '100']]), // biome-ignore format: a pair of pairs
  'content-length twice, the same': post(length('2', '2')),
  'content-length, a list': post(length('2, 100')),
  'content-length, a list of the same': post(length('2, 2')),
  ...Object.fromEntries(
    ['x', '+2', '-2', '2.0', '0x2', '2 2', '', '2,', ';2', '1e0', '2\u00a0', '9'.repeat(17)].map((text) => [
      `content-length ${JSON.stringify(text)}`,
      post(length(text)),
    ]),
  ),
  'content-length beside transfer-encoding': post([['content-length', '2'], ['transfer-encoding', 'chunked']]), // biome-ignore format: a pair of pairs
  'a name that is a token only in lower case': { headers: [['\u212aey', 'v']] },
  'a name with a dotted capital': { headers: [['x-\u0130', 'v']] },
  'content-length in letters of another alphabet': post([['content-\u017fize', '2']]),
  'a name with a space': { headers: [['a b', 'v']] },
  'a name with a colon': { headers: [['a:b', 'v']] },
  'a name with a line end': { headers: [['a\r\nb', 'v']] },
  'no name': { headers: [['', 'v']] },
  'a pseudo-header field': { headers: [[':path', '/b']] },
  'a name that is no token': { headers: [['x(y)', 'v']] },
  'a value with a line end': { headers: [['a', 'v\r\nb: c']] },
  'a value with a lone CR': { headers: [['a', 'v\rb']] },
  'a value with NUL': { headers: [['a', 'v\0w']] },
  'a value beyond one octet': { headers: [['a', 'v\u0100']] },
  'host twice': { headers: [['host', 'a.test'], ['Host', 'b.test']] }, // biome-ignore format: a pair of pairs
  'a method with a space': { method: 'GET /x' },
  'a method with a line end': { method: 'GET\r\nx: y' },
  ...Object.fromEntries(
    [
      'authorization',
      'content-length',
      'content-encoding',
      'content-range',
      'content-type',
      'cookie',
      'expect',
      'host',
      'if-match',
      'max-forwards',
      'proxy-authorization',
      'range',
      'set-cookie',
      'te',
      'trailer',
      'transfer-encoding',
      'upgrade',
      'connection',
      'cache-control',
      'Authorization',
      '\u212aey',
      'a b',
      ':path',
      '',
    ].map((name) => [`trailer ${JSON.stringify(name)}`, behind(name)]),
  ),
  'a trailer with a line end': behind('x', 'v\r\nb: c'),
}

/** Wrong in another way over HTTP/2, where there is nothing to hide. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const NEVER_BEHIND =
  /^(?:authorization|content-length|content-encoding|content-range|content-type|cookie|expect|host|if-match|max-forwards|proxy-authorization|range|set-cookie|te|trailer|transfer-encoding|upgrade|connection|cache-control)$/

/** What is illegal in a request that arrived. */
async function faultOf(request: OriginRequest): Promise<string | undefined> {
  const octets = (await request.bytes()).length
  for (const [name, value] of request.headers) {
    if (!NAME.test(name) || !VALUE.test(value)) return `field ${name}: ${value}`
  }
  const announced = request.headers.get('content-length')
  if (announced !== null && announced !== String(octets))
    return `content-length ${announced} of ${octets} octets`
  for (const [name] of await request.trailers) if (NEVER_BEHIND.test(name)) return `trailer ${name}`
  return undefined
}

/** The same of octets. */
function faultIn(text: string): string | undefined {
  if (text === '') return undefined
  const end = text.indexOf('\r\n\r\n')
  const [line, ...lines] = text.slice(0, end).split('\r\n')
  if (!/^[A-Z]+ \/\S* HTTP\/1\.1$/.test(line!)) return `request line ${line}`
  for (const one of lines)
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*$/.test(one)) return `line ${one}`
  const named = (name: string) =>
    lines.filter((one) => one.toLowerCase().startsWith(`${name}: `)).map((one) => one.slice(name.length + 2))
  if (named('host').length !== 1) return 'not one host'
  const [lengths, codings, content] = [
    named('content-length'),
    named('transfer-encoding'),
    text.slice(end + 4),
  ]
  if (lengths.length + codings.length > 1) return 'its content has two ends'
  if (codings.length === 1) return chunkFault(content)
  const announced = lengths[0] ?? '0'
  return announced === String(content.length)
    ? undefined
    : `content-length ${announced} of ${content.length} octets`
}

function chunkFault(content: string): string | undefined {
  const match = /^(?:2\r\nab\r\n|1\r\na\r\n1\r\nb\r\n)?0\r\n((?:[^\r\n]+\r\n)*)\r\n$/.exec(content)
  if (match === null) return `chunks ${JSON.stringify(content)}`
  const names = match[1]!.split('\r\n').slice(0, -1).map((one) => one.slice(0, one.indexOf(':')).toLowerCase()) // biome-ignore format: short
  const wrong = names.find((name) => NEVER_BEHIND.test(name) || !NAME.test(name))
  return wrong === undefined ? undefined : `trailer ${wrong}`
}

interface Outcome {
  readonly error: (Error & { retryable?: unknown; cause?: unknown }) | undefined
  readonly fault: string | undefined
  readonly sent: boolean
}

async function ask(face: Face, transport: Dial, asked: Asked): Promise<Outcome['error']> {
  try {
    await face.ask(transport, asked)
    return undefined
  } catch (error) {
    return error as Error
  }
}

async function overHttp2(face: Face, asked: Asked): Promise<Outcome> {
  let fault: string | undefined
  const origin = new MemoryOrigin(async (request) => {
    fault = await faultOf(request)
    return { body: '' }
  })
  const error = await ask(face, origin.dial, asked)
  return { error, fault, sent: origin.requests.length > 0 }
}

async function overHttp1(face: Face, asked: Asked): Promise<Outcome> {
  let text = ''
  const transport: Dial = async () => {
    const [client, server] = memoryPair({ alpn: 'http/1.1' })
    server.start({
      onChunk(chunk) {
        text += Buffer.from(chunk).toString('latin1')
        // Whatever has come by then is all that comes.
        setImmediate(() =>
          setImmediate(() => server.write(Buffer.from('HTTP/1.1 204 Fine\r\n\r\n'), () => {})),
        )
      },
      onEnd: () => server.end(),
      onClosed() {},
    })
    return client as never
  }
  const error = await ask(face, transport, asked)
  return { error, fault: faultIn(text), sent: text !== '' }
}

describe.each(FACES.map((face) => [face.name, face] as const))('%s', (_name, face) => {
  const cases = Object.entries(WRONG).filter(([, asked]) => asked.trailers === undefined || face.trailers)
  for (const [version, over] of [
    ['2', overHttp2],
    ['1.1', overHttp1],
  ] as const) {
    // biome-ignore format: a table
    test.each(cases)(`HTTP/${version}: %s is refused, or put right`, async (_what, asked) => {
      const { error, fault, sent } = await over(face, asked)
      if (error === undefined) {
        expect(fault).toBeUndefined()
        return
      }
      // What comes late, as trailers do, may find the rest sent; nothing of the wrong itself is.
      if (asked.trailers === undefined) expect(sent, `${error}`).toBe(false)
      expect([error.retryable ?? false, (error.cause as typeof error)?.retryable ?? false]).toEqual([false, false])
    })
  }

  test.each<[string, Asked]>([
    ['content-length that is true', post(length('2'))],
    ['content-length 0 of a GET, as proxies forward it', { headers: length('0') ?? [] }],
    ['a name in any case', { headers: [['X-Any', 'v']] }],
    ['a value of any octets', { headers: [['x', 'caf\u00e9 \t!']] }],
    ['a value with space around it', { headers: [['x', ' v\t']] }],
  ])('%s is sent', async (_what, asked) => {
    for (const over of [overHttp2, overHttp1]) {
      expect(await over(face, asked)).toEqual({ error: undefined, fault: undefined, sent: true })
    }
  })
})

describe('what callers of the client are told', () => {
  const told = FACES.filter(({ name }) => ['connection', 'Client.request', 'fetch'].includes(name))
  test.each(told.map((face) => [face.name, face] as const))(
    '%s: a TypeError, or of a length that is not the body’s a RangeError',
    async (_name, face) => {
      for (const [what, asked] of Object.entries(WRONG)) {
        if (asked.trailers !== undefined && !face.trailers) continue
        for (const over of [overHttp2, overHttp1]) {
          const { error } = await over(face, asked)
          if (error !== undefined)
            expect(error instanceof TypeError || error instanceof RangeError, `${what}: ${error}`).toBe(true)
        }
      }
    },
  )
})
