/** What undici's three interfaces have in common: one `Client`, so one connection, with HTTP/2 allowed; or ours in its place. */

/** Above what any workload has in flight, so that the client never waits for itself. */
const MAX_IN_FLIGHT = 20_000

export async function undiciClient({ Client }, url, { ca, window, overHyper }) {
  if (overHyper) {
    const { load } = await import('./built.mjs')
    const { HyperDispatcher } = await load('adapters/undici.js')
    return new HyperDispatcher({ tls: { ca } })
  }
  const h2 = { maxConcurrentStreams: MAX_IN_FLIGHT }
  if (window !== undefined) {
    h2.initialWindowSize = window
    h2.connectionWindowSize = 2 * window
  }
  return new Client(url, {
    allowH2: true,
    pipelining: MAX_IN_FLIGHT,
    connect: { ca },
    headersTimeout: 0,
    bodyTimeout: 0,
    ...h2,
    h2Options: h2,
  })
}
