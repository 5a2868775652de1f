import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, test } from 'vitest'
import { HyperDispatcher, type HyperDispatcherOptions } from '../../src/adapters/undici.ts'
import { headers, MemoryOrigin, type OriginHandler, ScriptedPeer } from '../../src/testing/index.ts'
import { settled } from '../support/virtual-clock.ts'
import { pairsOf, Recorder } from './recorder.ts'

const GET = { origin: 'https://a.test', path: '/', method: 'GET' } as const

function made(handler: OriginHandler = () => ({ body: 'x' }), options: HyperDispatcherOptions = {}) {
  const origin = new MemoryOrigin(handler)
  return { origin, dispatcher: new HyperDispatcher({ transport: origin.dial, ...options }) }
}

describe('undici’s diagnostics channels', () => {
  const NAMES = ['create', 'bodyChunkSent', 'bodySent', 'bodyChunkReceived', 'headers', 'trailers', 'error']
  const seen: [name: string, message: Record<string, unknown>][] = []
  const listeners: [string, (message: unknown) => void][] = []
  const listen = (name: string, then?: (message: never) => void): void => {
    const listener = (message: unknown): void => {
      seen.push([name, message as Record<string, unknown>])
      then?.(message as never)
    }
    listeners.push([name, listener])
    subscribe(name, listener)
  }
  afterEach(() => {
    for (const [name, listener] of listeners.splice(0)) unsubscribe(name, listener)
    seen.length = 0
  })

  test('a request, one and the same object in every message; fields that are added are sent', async () => {
    for (const name of NAMES) {
      const added = ({ request }: { request: { addHeader(name: string, value: string): void } }) =>
        request.addHeader('traceparent', '00-1')
      listen(`undici:request:${name}`, name === 'create' ? added : undefined)
    }
    listen('undici:client:sendHeaders')
    const { dispatcher, origin } = made(() => ({
      headers: { 'x-a': '1' },
      body: 'content',
      trailers: { t: 'v' },
    }))
    const told = new Recorder('legacy')
    dispatcher.dispatch(
      { ...GET, path: '/p', method: 'POST', body: 'sent', headers: { 'x-b': '2' } },
      told.handler,
    )
    await told.over
    await settled()
    expect(seen.map(([name]) => name.split(':')[2])).toEqual([
      'create',
      'sendHeaders',
      'bodyChunkSent',
      'bodySent',
      'headers',
      'bodyChunkReceived',
      'trailers',
    ])
    const requests = new Set(seen.map(([, { request }]) => request))
    expect(requests.size).toBe(1)
    expect([...requests][0]).toMatchObject({
      origin: 'https://a.test',
      path: '/p',
      method: 'POST',
      completed: true,
      aborted: false,
    })
    expect(origin.requests[0]!.headers.get('traceparent')).toBe('00-1')
    const of = (name: string) => seen.find(([seenName]) => seenName.endsWith(name))![1]
    expect(of('sendHeaders').headers).toMatch(/^POST \/p HTTP\/2\r\nx-b: 2\r\ntraceparent: 00-1\r\n/)
    const response = of(':headers').response as { statusCode: number; headers: Buffer[] }
    expect(response.statusCode).toBe(200)
    expect(pairsOf(response.headers)).toContainEqual(['x-a', '1'])
    expect(pairsOf(of('trailers').trailers as Buffer[])).toEqual([['t', 'v']])
    await dispatcher.close()
  })

  test('an error, and connections', async () => {
    for (const name of ['beforeConnect', 'connected', 'connectError']) listen(`undici:client:${name}`)
    listen('undici:request:error')
    const good = made(() => new Promise(() => {}))
    const told = new Recorder('new')
    good.dispatcher.dispatch({ ...GET, origin: 'https://good.test' }, told.handler)
    await settled()
    told.steer.abort(new Error('mine'))
    const bad = made(undefined, { transport: () => Promise.reject(new Error('no')), retry: false })
    const failed = new Recorder('new')
    bad.dispatcher.dispatch({ ...GET, origin: 'http://bad.test' }, failed.handler)
    await failed.over
    await settled()
    expect(seen.map(([name]) => name.slice('undici:'.length))).toEqual([
      'client:beforeConnect',
      'client:connected',
      'request:error',
      'client:beforeConnect',
      'client:connectError',
      'request:error',
    ])
    expect(seen[1]![1].connectParams).toMatchObject({ host: 'good.test', protocol: 'https:', version: 'h2' })
    expect(seen[2]![1]).toMatchObject({ error: { message: 'mine' }, request: { aborted: true } })
    await good.dispatcher.destroy()
    await bad.dispatcher.destroy()
  })

  test('come in undici’s order: what is sent, after the connection that it is sent on', async () => {
    for (const name of ['beforeConnect', 'connected', 'sendHeaders']) listen(`undici:client:${name}`)
    for (const name of ['create', 'bodyChunkSent', 'bodySent', 'headers']) listen(`undici:request:${name}`)
    const { dispatcher } = made()
    for (const body of ['text', undefined]) {
      const told = new Recorder('legacy')
      dispatcher.dispatch({ ...GET, method: 'POST', body }, told.handler)
      await told.over
    }
    expect(seen.map(([name]) => name.split(':')[2])).toEqual([
      ...['create', 'beforeConnect', 'connected', 'sendHeaders', 'bodyChunkSent', 'bodySent', 'headers'],
      ...['create', 'sendHeaders', 'bodySent', 'headers'],
    ])
    expect(seen[0]![1].request).toMatchObject({ body: Buffer.from('text') })
    expect(seen[3]![1].socket).toBe(seen[2]![1].socket)
    await dispatcher.close()
  })

  test('tell the error of the system', async () => {
    listen('undici:client:connectError')
    const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
    const { dispatcher } = made(undefined, { transport: () => Promise.reject(refused), retry: false })
    const told = new Recorder('new')
    dispatcher.dispatch(GET, told.handler)
    await told.over
    expect(seen.map(([, { error }]) => error)).toEqual([refused])
    await dispatcher.destroy()
  })

  test('a connection that breaks is one that was closed, and no failure to connect', async () => {
    listen('undici:client:connectError')
    const peer = new ScriptedPeer()
    const dispatcher = new HyperDispatcher({ transport: peer.dial, retry: false })
    const heard: unknown[] = []
    dispatcher.on('connectionError', () => heard.push('connectionError'))
    dispatcher.on('disconnect', (_url, _targets, error) => heard.push('disconnect', error.code))
    const told = new Recorder('new')
    dispatcher.dispatch(GET, told.handler)
    await peer.expect(headers(1).get('/'))
    peer.cut()
    await told.over
    await settled()
    expect(heard).toEqual(['disconnect', 'UND_ERR_SOCKET'])
    expect(seen).toEqual([])
    await dispatcher.destroy()
  })

  test('are left by a dispatcher that is closed', async () => {
    listen('undici:client:connected')
    const { dispatcher, origin } = made()
    await dispatcher.close()
    const other = made()
    const told = new Recorder('new')
    other.dispatcher.dispatch(GET, told.handler)
    await told.over
    expect(seen).toHaveLength(1)
    expect(origin.connectionsMade).toBe(0)
    await other.dispatcher.close()
  })
})
