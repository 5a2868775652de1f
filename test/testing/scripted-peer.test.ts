/** The scripted peer, shown by its first test, and what it promises of deliveries, faults and expectations. */
import { describe, expect, it, test } from 'vitest'
import { HTTP20Connection } from '../../src/index.ts'
import {
  type Delivery,
  data,
  goaway,
  headers,
  ping,
  rstStream,
  ScriptedPeer,
  type ScriptedPeerOptions,
  settings,
  VirtualClock,
} from '../../src/testing/index.ts'
import { makeLeaf } from '../support/certificate.ts'

const REFUSED_STREAM = 7

function script(options?: ScriptedPeerOptions) {
  const clock = new VirtualClock()
  const peer = new ScriptedPeer(options)
  const conn = new HTTP20Connection('a.test', { transport: peer.dial, clock })
  return { clock, peer, conn, get: (path: string) => conn.getResponse(conn.request('GET', path)) }
}

test('a refused stream says that it was not processed, and the connection takes the next', async () => {
  const { peer, clock, get } = script()
  const refused = get('/')
  await peer.expect(headers(1).get('/').endStream())
  peer.send(rstStream(1, REFUSED_STREAM))
  await expect(refused).rejects.toMatchObject({ code: 'H2_STREAM_REFUSED', retryable: true })

  const answered = get('/')
  await peer.expect(headers(3).get('/').endStream())
  peer.send(headers(3).status(204).endStream())
  expect((await answered).status).toBe(204)
  expect(clock.elapsed).toBe(0)
  await peer.close()
})

describe('deliveries', () => {
  const modes: readonly Delivery[] = ['written', 'octets', 'burst', 'pieces']
  it.each(modes)('%s: the client sees the same response', async (delivery) => {
    const { peer, get } = script({ delivery })
    const asked = get('/')
    await peer.expect(headers(1))
    peer.send(headers(1).status(200).field('x-some', 'value').splitAt(5))
    peer.send(data(1, 'hello ').padded(3))
    peer.send(data(1, 'there').endStream())
    const response = await asked
    expect([response.getHeader('x-some'), await response.text()]).toEqual(['value', 'hello there'])
    await peer.close()
  })
})

describe('sockets', () => {
  it.each([false, true])('listens on loopback, with TLS: %s', async (secure) => {
    const { cert, key } = await makeLeaf()
    await using peer = new ScriptedPeer()
    const port = await peer.listen(secure ? { cert, key } : {})
    await using conn = new HTTP20Connection(`127.0.0.1:${port}`, { secure, tls: { ca: cert } })
    const asked = conn.getResponse(conn.request('GET', '/'))
    await peer.expect(headers(1).get('/'))
    peer.send(headers(1).status(200), data(1, 'over a socket').endStream())
    expect(await (await asked).text()).toBe('over a socket')
  })
})

describe('faults', () => {
  it('ends, cuts and breaks the connection behind what was sent', async () => {
    for (const act of ['end', 'cut', 'reset'] as const) {
      const { peer, get } = script()
      const asked = get('/')
      await peer.expect(headers(1))
      peer.send(headers(1).status(200), data(1, 'some'))
      peer[act]()
      const response = await asked
      expect(String(await response.read(4))).toBe('115,111,109,101')
      await expect(response.text()).rejects.toMatchObject({ code: 'H2_CONNECTION_CLOSED', processed: 'yes' })
    }
  })

  it('falls silent until it resumes', async () => {
    const { peer, clock, get } = script()
    const asked = get('/')
    await peer.expect(headers(1))
    peer.stall()
    peer.send(headers(1).status(204).endStream())
    await clock.advance(20_000)
    peer.resume()
    expect((await asked).status).toBe(204)
    await peer.close()
  })
})

describe('expectations', () => {
  it('names what was expected and what came', async () => {
    const { peer, get } = script()
    const asked = get('/here').catch(() => {})
    await expect(peer.expect(headers(1).get('/there'))).rejects.toThrow(
      /expected HEADERS on stream 1 :method=GET :path=\/there, received HEADERS on stream 1.*:path=\/here/,
    )
    await peer.close()
    await asked
  })

  it('rejects when the connection is over', async () => {
    const { peer, get } = script()
    const asked = get('/').catch(() => {})
    await peer.expect(headers(1))
    peer.send('no HTTP/2 at all')
    await peer.until(goaway(0, 6))
    await expect(peer.expect(headers(3))).rejects.toThrow(/the client ended the connection/)
    await asked
  })

  it('passes SETTINGS, PING and WINDOW_UPDATE over, unless they are meant', async () => {
    const { peer, conn, get } = script()
    const asked = get('/')
    await peer.expect(settings())
    await peer.expect(headers(1))
    const pong = conn.ping()
    await peer.expect(ping())
    await pong
    peer.send(headers(1).status(204).endStream())
    await asked
    expect(peer.executions('GET', '/')).toBe(1)
    await peer.close()
  })

  it('does not send what says too little', () => {
    expect(() => headers().toBytes()).toThrow(/says too little/)
    expect(() => rstStream(1).toBytes()).toThrow(/says too little/)
  })
})
