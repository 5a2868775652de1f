/** `hyper-h2/register` in this process: what it replaces, and that it puts everything back. */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { afterEach, expect, it, vi } from 'vitest'
import { connect as ours } from '../../src/adapters/http2/connect.ts'
import { BytePeer, ending, serve } from './http2-origin.ts'

const require = createRequire(import.meta.url)
/** As many a library calls it. */
const BARE = 'http2'
const theirs = require('node:http2').connect

afterEach(() => {
  delete process.env.HYPER_H2_REGISTER
  vi.resetModules()
})

it('replaces connect for every way of importing it, until it is undone', async () => {
  const { unregister } = await import('../../src/adapters/register/http2.ts')
  const replaced = require(BARE).connect
  expect(replaced).not.toBe(theirs)
  expect(Object.getOwnPropertySymbols(replaced)).toEqual(Object.getOwnPropertySymbols(ours))
  const module = await import('node:http2')
  expect([module.connect, module.default.connect]).toEqual([replaced, replaced])
  const { url } = await serve((stream) => stream.respond({}, { endStream: true }))
  const session = replaced(url)
  await new Promise((told) => session.once('connect', told))
  // Only our sessions have such a window.
  expect(session.state.localWindowSize).toBe(16_777_216)
  session.destroy()
  unregister()
  unregister()
  expect(require('node:http2').connect).toBe(theirs)
  expect((await import('node:http2')).connect).toBe(theirs)
})

it('leaves alone what somebody else has put in its place', async () => {
  const { unregister } = await import('../../src/adapters/register/http2.ts')
  const another = (): void => {}
  const http2 = require('node:http2')
  http2.connect = another
  unregister()
  expect(http2.connect).toBe(another)
  http2.connect = theirs
})

it('takes options from the environment', async () => {
  process.env.HYPER_H2_REGISTER = '{"keepAlive":{"interval":10,"timeout":10}}'
  const { unregister } = await import('../../src/adapters/register/http2.ts')
  const peer = new BytePeer()
  peer.greet()
  const session = require('node:http2').connect('http://a.test', { createConnection: () => peer.near })
  ending(() => session.destroy())
  session.request().on('error', () => {})
  // A peer that answers no PING is given up after 20 ms, and not after 45 s.
  const [error] = await once(session, 'error')
  expect(error.code).toBe('ETIMEDOUT')
  unregister()
})

it.each([
  ['x', /HYPER_H2_REGISTER is not JSON/],
  ['[1]', /must be a JSON object/],
  ['null', /must be a JSON object/],
])('refuses %s in the environment', async (text, message) => {
  process.env.HYPER_H2_REGISTER = text
  await expect(import('../../src/adapters/register/http2.ts')).rejects.toThrow(message)
  expect(require('node:http2').connect).toBe(theirs)
})

it('refuses options that are none', async () => {
  process.env.HYPER_H2_REGISTER = '{"nothing":1}'
  await expect(import('../../src/adapters/register/fetch.ts')).rejects.toThrow('nothing is not an option')
})

it('replaces fetch beneath its own classes, and both at once', async () => {
  const dispatcher = Symbol.for('undici.globalDispatcher.1')
  void globalThis.Response
  const before = Reflect.get(globalThis, dispatcher)
  const { unregister } = await import('../../src/adapters/register.ts')
  expect(Reflect.get(globalThis, dispatcher)).not.toBe(before)
  expect(require('node:http2').connect).not.toBe(theirs)
  await unregister()
  expect(Reflect.get(globalThis, dispatcher)).toBe(before)
  expect(require('node:http2').connect).toBe(theirs)
})
