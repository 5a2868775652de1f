import { expect, it } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import { data, response } from '../support/wire.ts'

// Any 2xx makes a tunnel (RFC 9110 §9.3.6, RFC 9113 §8.5): 204 says nothing of the octets behind it.
it('carries content through a tunnel that was opened with status 204', () => {
  const pair = EnginePair.ready()
  const tunnel = pair.open({ method: 'CONNECT', scheme: undefined, path: undefined }, false)
  pair.frames()
  pair.receive(response(1, 204), data(1, 'octets'))
  expect(tunnel.failure).toBeUndefined()
  expect(tunnel.content).toBe('octets')
})
