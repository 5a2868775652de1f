import { expect, it } from 'vitest'
import { HTTP20Connection } from '../../../src/index.ts'
import { data, frame, headers, ScriptedPeer } from '../../../src/testing/index.ts'

const PRIORITY_UPDATE = 0x10

it('tells the peer of a new priority by PRIORITY_UPDATE (RFC 9218 §7.1)', async () => {
  const peer = new ScriptedPeer()
  const conn = new HTTP20Connection('a.test', { transport: peer.dial })
  const stream = conn.request('GET', '/')
  await peer.expect(headers(1).get('/').endStream())
  stream.reprioritize({ urgency: 1, incremental: true })
  await peer.expect(frame(PRIORITY_UPDATE, 0, 0, '\0\0\0\x01u=1, i'))
  peer.send(headers(1).status(200), data(1, 'x').endStream())
  expect(await (await stream.response).text()).toBe('x')
  // Nobody is told of a request that is over.
  stream.reprioritize({ urgency: 2 })
  for (const urgency of [-1, 8, 1.5]) expect(() => stream.reprioritize({ urgency })).toThrow(RangeError)
  expect(() => stream.reprioritize(null as never)).toThrow(TypeError)
  await conn.close()
  await peer.close()
})
