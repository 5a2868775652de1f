/** Rules about which connection a request takes, with a `Client` (RFC 9113 §9.1.1, RFC 9110 §15.5.20), over sockets. */
import { expect, onTestFinished, test } from 'vitest'
import { Client, type ClientOptions, H2Error } from '../../src/index.ts'
import { makeLeaf } from '../support/certificate.ts'
import { FieldBlockDecoder } from '../support/field-blocks.ts'
import { END_STREAM, HEADERS, response } from '../support/wire.ts'
import { testName } from './rules.ts'
import { type Serve, WireServer } from './server.ts'

const leaf = await makeLeaf({ names: ['a.test', 'b.test'] })

/** A client for which every name is the address of one TLS server. */
async function meet(status: number, options: ClientOptions = {}) {
  const serve: Serve = async (side) => {
    for (let id = 1; ; id += 2) {
      await side.frame(({ streamId, flags }) => streamId === id && (flags & END_STREAM) !== 0)
      side.sends(response(id, status, true))
    }
  }
  const server = await WireServer.listen(serve, { tls: { ...leaf, ALPNProtocols: ['h2'] } })
  const client = new Client({
    tls: { ca: leaf.cert },
    lookup: (_host, { all }, callback) =>
      all === true ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4),
    ...options,
  })
  onTestFinished(async () => {
    client.destroy()
    await server.close()
  })
  const get = async (host: string, method = 'GET'): Promise<number> => {
    const answer = await client.request(`https://${host}:${server.port}/`, { method })
    await answer.bytes()
    return answer.status
  }
  return { server, get }
}

/** The hosts that each connection was asked for. */
function hosts({ connections }: WireServer): string[][] {
  return connections.map(({ frames }) => {
    const decoder = new FieldBlockDecoder()
    const heads = frames.filter(({ type }) => type === HEADERS)
    return heads.map(({ payload }) => {
      const { fields } = decoder.decode(payload)
      return fields.find(({ name }) => name === ':authority')!.value.replace(/:\d+$/, '')
    })
  })
}

function rule(id: string, claim: string, script: () => Promise<void>): void {
  test(testName(id, claim), script)
}

rule(
  'P8',
  'another name for the same address has a connection of its own, though the certificate is for both',
  async () => {
    const { server, get } = await meet(200)
    for (const host of ['a.test', 'b.test', 'a.test', 'b.test']) await get(host)
    expect(hosts(server)).toEqual([
      ['a.test', 'a.test'],
      ['b.test', 'b.test'],
    ])
  },
)

rule(
  'P8',
  'a name that the certificate is not for gets nothing sent, whatever connections to its address there are',
  async () => {
    const { server, get } = await meet(200)
    await get('a.test')
    const error = await get('c.test').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(H2Error)
    expect(error).toMatchObject({ processed: 'no', cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } })
    expect(hosts(server).flat()).toEqual(['a.test'])
  },
)

rule('P9', '421 is handed to the caller of a pool, and nothing is sent again', async () => {
  const { server, get } = await meet(421, { retry: { idempotent: true } })
  expect([await get('a.test'), await get('a.test', 'POST')]).toEqual([421, 421])
  expect(hosts(server)).toEqual([['a.test', 'a.test']])
})

rule('P9', '421 cannot be among the statuses that are sent again', async () => {
  expect(() => new Client({ retry: { statuses: [503, 421] } })).toThrow(TypeError)
})
