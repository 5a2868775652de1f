/** A request of `hyper-h2/https` on a connection that its caller makes. */
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Agent, request } from '../../src/adapters/https.ts'
import { makeLeaf } from '../support/certificate.ts'

const plain = http.createServer((asked, answer) => asked.pipe(answer))
let port = 0

beforeAll(async () => {
  await once(plain.listen(0, '127.0.0.1'), 'listening')
  port = (plain.address() as AddressInfo).port
})

afterAll(() => new Promise((resolve) => plain.close(resolve)))

type Options = Parameters<typeof request>[0] & object

/** Sends, and gives what came back; rejects with the request's error. */
async function exchange(options: Options, body = 'content'): Promise<{ text: string; version: string }> {
  const asked = request({ protocol: 'http:', method: 'POST', ...options } as Options)
  asked.end(body)
  const [response] = await once(asked, 'response')
  let text = ''
  for await (const piece of response) text += piece
  return { text, version: response.httpVersion }
}

/** Two streams, of which each reads what the other is given. */
function pairOfStreams(): [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        other().push(chunk)
        done()
      },
      final(done) {
        other().push(null)
        done()
      },
    })
  const near: Duplex = make(() => far)
  const far: Duplex = make(() => near)
  return [near, far]
}

describe('createConnection', () => {
  test.each<[string, (socket: () => net.Socket) => object]>([
    ['returns a socket that is connecting', (socket) => ({ createConnection: socket })],
    [
      'calls back with one that is connected',
      (socket) => ({
        createConnection: (_: object, back: (error: null, socket: net.Socket) => void) => {
          const made = socket()
          made.once('connect', () => back(null, made))
        },
      }),
    ],
  ])('%s: the request is sent on it, and it closes behind the response', async (_what, optionsWith) => {
    let made: net.Socket | undefined
    let closed: Promise<unknown> | undefined
    const socket = (): net.Socket => {
      made = net.connect(port, '127.0.0.1')
      closed = once(made, 'close')
      return made
    }
    expect(await exchange({ host: 'a.test', ...optionsWith(socket) })).toEqual({
      text: 'content',
      version: '1.1',
    })
    await closed
    expect(made!.destroyed).toBe(true)
  })

  test('is told where the request goes, and by whom', async () => {
    let told: Record<string, unknown> = {}
    const createConnection = (options: Record<string, unknown>): net.Socket => {
      told = options
      return net.connect(port, '127.0.0.1')
    }
    await exchange({ host: 'a.test', port: 81, path: '/x', createConnection } as never)
    expect(told).toMatchObject({ host: 'a.test', hostname: 'a.test', port: 81, path: undefined })
  })

  test('any stream will do, and what is written to it stays as it was', async () => {
    const [near, far] = pairOfStreams()
    plain.emit('connection', far)
    const body = 'x'.repeat(300_000)
    expect((await exchange({ host: 'a.test', createConnection: () => near } as never, body)).text).toBe(body)
  })

  test('what TLS chose is spoken', async () => {
    const leaf = await makeLeaf()
    const server = http2.createSecureServer({ key: leaf.key, cert: leaf.cert }, (asked, answer) => {
      asked.pipe(answer)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port: secure } = server.address() as AddressInfo
    const createConnection = (): tls.TLSSocket =>
      tls.connect({ port: secure, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    const { text, version } = await exchange({
      protocol: 'https:',
      host: 'a.test',
      createConnection,
    } as never)
    expect({ text, version }).toEqual({ text: 'content', version: '2.0' })
    await new Promise((resolve) => server.close(resolve))
  })

  const wrong = Object.assign(new Error('no way'), { code: 'EOWN' })
  test.each<[string, () => unknown, object]>([
    [
      'throws',
      () => {
        throw new Error('no way')
      },
      { message: 'no way' },
    ],
    [
      'returns a stream that breaks',
      () => new Duplex({ read() {} }).destroy(wrong).on('error', () => {}),
      {},
    ],
    ['returns a stream that is gone', () => new Duplex({ read() {} }).destroy(), { code: 'ECONNRESET' }],
    ['returns a socket that nobody answers', () => net.connect(1, '127.0.0.1'), { code: 'ECONNREFUSED' }],
  ])('%s: the request fails with that', async (_what, createConnection, shape) => {
    let calls = 0
    const counted = (): unknown => {
      calls += 1
      return createConnection()
    }
    await expect(exchange({ host: 'a.test', createConnection: counted } as never)).rejects.toMatchObject(
      shape,
    )
    expect(calls).toBe(1)
  })

  test('calls back with an error: the request fails with it', async () => {
    const createConnection = (_: object, back: (error: Error) => void): void => back(wrong)
    await expect(exchange({ host: 'a.test', createConnection } as never)).rejects.toMatchObject({
      code: 'EOWN',
    })
  })

  test('a request that is destroyed takes the stream with it', async () => {
    const [near] = pairOfStreams()
    const closed = once(near, 'close')
    const asked = request({ protocol: 'http:', host: 'a.test', createConnection: () => near } as never)
    asked.on('error', () => {})
    asked.end()
    await once(asked, 'socket')
    asked.destroy()
    await closed
  })

  test('beside an agent it is refused', () => {
    const options = { host: 'a.test', agent: new Agent(), createConnection: () => new Duplex() }
    expect(() => request(options as never)).toThrow(/createConnection has no meaning beside an agent/)
  })
})
