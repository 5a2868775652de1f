/**
 * What of the runtime's `node:http2` is used here. It is asked for when it is
 * needed and not imported: a runtime that gives every importer a copy made at
 * the first import would give the program one from before `connect` was
 * replaced by `hyper-h2/register`.
 */
import type * as Http2 from 'node:http2'

export const { constants, sensitiveHeaders } = process.getBuiltinModule('node:http2') as typeof Http2

const major = Number(process.versions.node.split('.')[0])

/**
 * Node.js 24 changed two things for callers, and this follows the runtime that
 * it is in: `request()` of a session that takes none gives a stream that fails,
 * and does not throw; `session.socket.destroy` is the session's.
 */
export const SINCE_24 = major >= 24
