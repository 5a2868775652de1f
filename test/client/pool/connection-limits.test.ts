import { describe, expect, it, test } from 'vitest'
import { checkPerOrigin } from '../../../src/client/pool/connection-limits.ts'
import { Client } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { PoolPair } from './pool-peer.ts'

describe('maxConnectionsPerOrigin', () => {
  it.each<[Parameters<typeof checkPerOrigin>[0], number, number]>([
    [undefined, 6, 256],
    [3, 3, 3],
    [{}, 6, 256],
    [{ http1: 20 }, 6, 20],
    [{ http2: 1 }, 1, 256],
    [{ http1: 2, http2: 4 }, 4, 2],
  ])('%j', (given, http2, http1) => {
    expect(checkPerOrigin(given)).toEqual({ http2, http1 })
  })

  it.each<[unknown, ErrorConstructor, string]>([
    [0, RangeError, 'maxConnectionsPerOrigin must be an integer, 1 or more'],
    [1.5, RangeError, 'maxConnectionsPerOrigin must be an integer, 1 or more'],
    [{ http1: 0 }, RangeError, 'maxConnectionsPerOrigin.http1 must be an integer, 1 or more'],
    [{ http3: 1 }, TypeError, 'maxConnectionsPerOrigin.http3 is not an option; known are http2, http1'],
    ['6', TypeError, 'maxConnectionsPerOrigin must be an integer or { http2, http1 }'],
    [null, TypeError, 'maxConnectionsPerOrigin must be an integer or { http2, http1 }'],
  ])('not %j', (maxConnectionsPerOrigin, kind, message) => {
    const make = (): Client => new Client({ maxConnectionsPerOrigin: maxConnectionsPerOrigin as never })
    expect(make).toThrow(new kind(message))
  })

  test('twenty slow answers by HTTP/1.1 take twenty connections', async () => {
    const pair = new PoolPair({}, { alpn: undefined, silent: true })
    for (let i = 0; i < 20; i++) pair.client.request('http://a.test/').catch(() => {})
    await settled()
    expect(pair.dials).toHaveLength(20)
    pair.client.destroy()
  })

  test('each version has its own: by HTTP/2 two, by HTTP/1.1 three', async () => {
    const limits = { maxConnectionsPerOrigin: { http2: 2, http1: 3 } }
    const two = new PoolPair(limits, { settings: { 3: 1 } })
    const one = new PoolPair(limits, { alpn: undefined, silent: true })
    for (let i = 0; i < 9; i++) {
      two.client.request('https://a.test/').catch(() => {})
      one.client.request('http://a.test/').catch(() => {})
    }
    for (let i = 0; i < 9; i++) await settled()
    expect([two.dials.length, one.dials.length]).toEqual([2, 3])
    two.client.destroy()
    one.client.destroy()
  })
})
