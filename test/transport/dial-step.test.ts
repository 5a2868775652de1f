import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { dialError } from '../../src/transport/dial-failure.ts'
import { Limit, reached } from '../../src/transport/dial-step.ts'
import { closeAll, rejection, track } from './loopback.ts'

afterEach(closeAll)

const expired = () => dialError('H2_TIMEOUT_CONNECT', 'local', 'too late')
const failed = (error: Error) => dialError('H2_CONNECT', 'local', error.message, error)

describe('a limit', () => {
  it('holds for a signal that was aborted between two steps', async () => {
    const reason = new Error('changed my mind')
    const limit = new Limit(0, AbortSignal.abort(reason), expired)
    const socket = track(new net.Socket())
    expect(await rejection(reached(socket, 'connect', limit.signal, failed))).toBe(reason)
    expect(socket.destroyed).toBe(true)
  })

  it('has the error of the time that ran out as its reason', async () => {
    const limit = new Limit(1, undefined, expired)
    const socket = track(new net.Socket())
    expect(await rejection(reached(socket, 'connect', limit.signal, failed))).toMatchObject({
      code: 'H2_TIMEOUT_CONNECT',
    })
  })

  it('is lifted for good', () => {
    const controller = new AbortController()
    const limit = new Limit(1, controller.signal, expired)
    limit.clear()
    controller.abort()
    expect(limit.signal.aborted).toBe(false)
  })
})

describe('a step', () => {
  it('on a socket that broke between two steps rejects with why', async () => {
    const limit = new Limit(0, undefined, expired)
    const socket = track(new net.Socket())
    socket.on('error', () => {})
    socket.destroy(new Error('broke'))
    expect(await rejection(reached(socket, 'connect', limit.signal, failed))).toMatchObject({
      code: 'H2_CONNECT',
      cause: { message: 'broke' },
    })
  })

  it('takes its listeners along', async () => {
    const limit = new Limit(0, undefined, expired)
    const socket = track(new net.Socket())
    const before = socket.eventNames().map((name) => socket.listenerCount(name))
    const step = reached(socket, 'connect', limit.signal, failed)
    socket.emit('connect')
    await step
    expect(socket.eventNames().map((name) => socket.listenerCount(name))).toEqual(before)
  })
})
