/**
 * `hyper-h2/http2` beside `node:http2`: the same calls to the same server, and
 * what each tells its caller, event by event, has to be the same.
 */
import { once } from 'node:events'
import type { ServerHttp2Stream } from 'node:http2'
import * as theirs from 'node:http2'
import { expect, it } from 'vitest'
import { connect as ours } from '../../src/adapters/http2/connect.ts'
import { ending, serve } from '../adapters/http2-origin.ts'

type Connect = (url: string, options?: object) => theirs.ClientHttp2Session
type Stream = theirs.ClientHttp2Stream

const STREAM_EVENTS = [
  'ready',
  'headers',
  'continue',
  'response',
  'trailers',
  'wantTrailers',
  'aborted',
  'end',
  'finish',
  'error',
  'close',
]
const SESSION_EVENTS = ['connect', 'goaway', 'error', 'close']

/** Facts of an event that callers read. */
function facts(event: string, given: readonly unknown[], stream?: Stream): string {
  const [first, second] = given as [Record<string, unknown> | undefined, unknown]
  if (event === 'response') return `${first?.[':status']} flags ${second} ${first?.['x-a']}`
  if (event === 'headers') return String(first?.[':status'])
  if (event === 'trailers') return `${first?.['x-end']} flags ${second}`
  if (event === 'error') return `${first?.code} ${first?.message}`
  if (event === 'goaway') return `${given.slice(0, 2)} ${given[2] === undefined ? '' : String(given[2])}`
  if (event === 'close' && stream)
    return `${stream.rstCode} aborted ${stream.aborted} destroyed ${stream.destroyed}`
  return ''
}

interface Scenario {
  readonly name: string
  /** What the server does with a request. */
  readonly answer: (stream: ServerHttp2Stream) => void
  /** What the client does; the streams that it made are watched. */
  readonly act: (session: theirs.ClientHttp2Session, watch: (stream: Stream) => Stream) => Promise<unknown>
}

const closed = (stream: Stream): Promise<void> => new Promise((done) => stream.once('close', () => done()))
const ok = (stream: ServerHttp2Stream): void => {
  stream.respond({ 'x-a': 'b' })
  stream.end('ok')
}
const post = { ':method': 'POST' }

const SCENARIOS: readonly Scenario[] = [
  { name: 'a GET', answer: ok, act: (session, watch) => closed(watch(session.request()).resume()) },
  {
    name: 'a GET that is paused, then read',
    answer: ok,
    async act(session, watch) {
      const stream = watch(session.request())
      await once(stream, 'response')
      await new Promise((done) => setTimeout(done, 20))
      await closed(stream.resume())
    },
  },
  {
    name: 'a POST, echoed',
    answer: (stream) => {
      stream.respond()
      stream.pipe(stream)
    },
    act(session, watch) {
      const stream = watch(session.request(post)).resume()
      stream.write('one')
      stream.end('two')
      return closed(stream)
    },
  },
  {
    name: 'informational responses and trailers',
    answer: (stream) => {
      stream.additionalHeaders({ ':status': 103 })
      stream.respond({}, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': '1' }))
      stream.end('x')
    },
    act: (session, watch) => closed(watch(session.request()).resume()),
  },
  {
    name: 'trailers of the request',
    answer: (stream) => {
      stream.resume()
      stream.on('end', () => ok(stream))
    },
    act(session, watch) {
      const stream = watch(session.request(post, { waitForTrailers: true })).resume()
      stream.on('wantTrailers', () => stream.sendTrailers({ a: '1' }))
      stream.end('x')
      return closed(stream)
    },
  },
  {
    name: 'a response of its head only',
    answer: (stream) => stream.respond({}, { endStream: true }),
    act: (session, watch) => closed(watch(session.request()).resume()),
  },
  ...[0, 1, 2, 7, 8, 11].map((code) => ({
    name: `a reset by the peer with ${code}, before the response`,
    answer: (stream: ServerHttp2Stream) => stream.close(code),
    act: (session: theirs.ClientHttp2Session, watch: (stream: Stream) => Stream) =>
      closed(watch(session.request(post)).resume()),
  })),
  ...[0, 2, 8].map((code) => ({
    name: `a reset by the peer with ${code}, within the response`,
    answer: (stream: ServerHttp2Stream) => {
      stream.respond()
      stream.write('part', () => setTimeout(() => stream.close(code), 5))
    },
    act: (session: theirs.ClientHttp2Session, watch: (stream: Stream) => Stream) =>
      closed(watch(session.request()).resume()),
  })),
  ...[0, 5, 8].map((code) => ({
    name: `close(${code}) by the caller, within the response`,
    answer: (stream: ServerHttp2Stream) => stream.respond(),
    async act(session: theirs.ClientHttp2Session, watch: (stream: Stream) => Stream) {
      const stream = watch(session.request(post)).resume()
      await once(stream, 'response')
      stream.close(code)
      await closed(stream)
    },
  })),
  ...[undefined, new Error('mine')].map((error) => ({
    name: `destroy(${error === undefined ? '' : 'error'}) by the caller`,
    answer: (stream: ServerHttp2Stream) => stream.respond(),
    async act(session: theirs.ClientHttp2Session, watch: (stream: Stream) => Stream) {
      const stream = watch(session.request()).resume()
      await once(stream, 'response')
      stream.destroy(error)
      await closed(stream)
    },
  })),
  {
    name: 'a signal',
    answer: (stream) => stream.respond(),
    async act(session, watch) {
      const controller = new AbortController()
      const stream = watch(session.request({}, { signal: controller.signal })).resume()
      await once(stream, 'response')
      controller.abort()
      await closed(stream)
    },
  },
  {
    name: 'session.close() with a request open',
    answer: (stream) => {
      stream.respond()
      setTimeout(() => stream.end('late'), 20)
    },
    async act(session, watch) {
      const stream = watch(session.request()).resume()
      await once(stream, 'response')
      session.close()
      await closed(stream)
    },
  },
  ...[undefined, 2].map((code) => ({
    name: `session.destroy(${code ?? ''}) with a request open`,
    answer: (stream: ServerHttp2Stream) => stream.respond(),
    async act(session: theirs.ClientHttp2Session, watch: (stream: Stream) => Stream) {
      const stream = watch(session.request()).resume()
      await once(stream, 'response')
      session.destroy(code as never)
      await closed(stream)
    },
  })),
  {
    name: 'a GOAWAY without an error',
    answer: (stream) => {
      stream.session?.goaway(0, stream.id ?? 0, Buffer.from('bye'))
      setTimeout(() => ok(stream), 20)
    },
    act: (session, watch) => closed(watch(session.request()).resume()),
  },
  {
    name: 'a GOAWAY with an error',
    answer: (stream) => stream.session?.goaway(2, stream.id ?? 0),
    act: (session, watch) => closed(watch(session.request()).resume()),
  },
]

/** What one `connect` tells in a scenario: of the session and of each stream, in order. */
async function told(connect: Connect, { answer, act }: Scenario): Promise<string[]> {
  const { url } = await serve(answer)
  const session = connect(url)
  ending(() => session.destroy())
  const lines: string[] = []
  let made = 0
  for (const event of SESSION_EVENTS) {
    session.on(event, (...given) =>
      lines.push(`session ${event} ${event === 'connect' ? '' : facts(event, given)}`),
    )
  }
  const watch = (stream: Stream): Stream => {
    const name = `stream ${++made}`
    for (const event of STREAM_EVENTS) {
      stream.on(event, (...given) => lines.push(`${name} ${event} ${facts(event, given, stream)}`))
    }
    return stream
  }
  const over = new Promise<void>((done) => session.once('close', () => done()))
  await act(session, watch)
  session.close()
  await over
  // Which of the two comes first is a matter of sockets; so is whether a last GOAWAY, which says the same again, is read.
  return [
    ...lines.filter((line) => line.startsWith('session') && line !== 'session goaway 0,1 '),
    ...lines.filter((line) => line.startsWith('stream')),
  ]
}

it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', async (_name, scenario) => {
  const expected = await told(theirs.connect as unknown as Connect, scenario)
  expect(await told(ours as unknown as Connect, scenario)).toEqual(expected)
})
