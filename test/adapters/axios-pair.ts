/** An adapter of axios before an origin in memory, and a caller that is not axios. */
import type { Config } from '../../src/adapters/axios/config.ts'
import { hyperAdapter } from '../../src/adapters/axios.ts'
import { Agent } from '../../src/adapters/https.ts'
import { MemoryOrigin, type OriginHandler } from '../../src/testing/index.ts'

export class AxiosPair {
  readonly origin: MemoryOrigin
  readonly agent: Agent

  constructor(handler: OriginHandler) {
    this.origin = new MemoryOrigin(handler)
    this.agent = new Agent({ client: { transport: this.origin.dial } })
  }

  send(config: Config = {}) {
    const validateStatus = (status: number): boolean => status >= 200 && status < 300
    return hyperAdapter({
      url: 'https://a.test/',
      method: 'get',
      validateStatus,
      httpsAgent: this.agent,
      ...config,
    })
  }

  get open(): number {
    return this.agent.clientFor({}, true).stats().open
  }
}

export async function failure(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  throw new Error('was not rejected')
}
