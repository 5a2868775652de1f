import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { DebugLogger } from 'node:util'
import { describe, expect, it } from 'vitest'
import { lineLog, platform } from '../../src/transport/node-platform.ts'

describe('channels', () => {
  it('are the same object for the same name, and reach subscribers', () => {
    const channel = platform.channel('hyper:test')
    const messages: unknown[] = []
    const listener = (message: unknown) => {
      messages.push(message)
    }
    expect(platform.channel('hyper:test')).toBe(channel)
    expect(channel.hasSubscribers).toBe(false)
    subscribe('hyper:test', listener)
    expect(channel.hasSubscribers).toBe(true)
    channel.publish({ streamId: 1 })
    unsubscribe('hyper:test', listener)
    expect(messages).toEqual([{ streamId: 1 }])
  })
})

describe('the log of frames', () => {
  it('is off unless NODE_DEBUG names hyper', () => {
    expect(platform.frameLog === undefined).toBe(!/\bhyper\b/i.test(process.env.NODE_DEBUG ?? ''))
  })

  it('takes lines as they are, percent signs and all', () => {
    const calls: unknown[][] = []
    const log = Object.assign((...args: unknown[]) => calls.push(args), { enabled: true })
    lineLog(log as unknown as DebugLogger)?.('path=/%d')
    expect(calls).toEqual([['%s', 'path=/%d']])
  })
})
