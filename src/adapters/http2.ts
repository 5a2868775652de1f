/**
 * `hyper-h2/http2`: `node:http2` with a client of this project's. `connect` and
 * what it returns run on the engine of `hyper-h2/protocol`; servers, constants
 * and packed settings are the runtime's own.
 *
 * @example
 * import { connect } from 'hyper-h2/http2'
 *
 * const session = connect('https://example.com')
 * const stream = session.request({ ':path': '/' })
 */
import * as http2 from 'node:http2'
import { connect as connectHere } from './http2/connect.ts'

/** As Node's own types have it, so that what takes `http2.connect` takes this. */
type Connect = typeof http2.connect

export * from 'node:http2'

/** As `http2.connect`, over this project's engine. */
export const connect: Connect = connectHere as unknown as Connect

const { connect: _theirs, ...rest } = http2

export default { ...rest, connect }
