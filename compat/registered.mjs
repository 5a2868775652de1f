// For programs that run with `hyper-h2/register/http2`: what the library under test connects with
// is this stack's, and how often it did.
import assert from 'node:assert/strict'
import { createRequire, syncBuiltinESMExports } from 'node:module'

const http2 = createRequire(import.meta.url)('node:http2')
const ours = http2.connect
/** Sessions that anybody opened, of this stack's. */
export const sessions = []

http2.connect = (...given) => {
  const session = ours(...given)
  const marked = Object.getOwnPropertySymbols(session).some(
    ({ description }) => description === 'hyper.http2.session',
  )
  assert(marked, 'the process is not registered: http2.connect is the runtime’s own')
  sessions.push(session)
  return session
}
syncBuiltinESMExports()

/** A check that the library went this way at all. */
export const went = ['every session is of this stack', async () => assert(sessions.length > 0)]
