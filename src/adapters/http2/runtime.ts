/**
 * What of the runtime's `node:http2` is used here. It is asked for when it is
 * needed and not imported: a runtime that gives every importer a copy made at
 * the first import would give the program one from before `connect` was
 * replaced by `hyper-h2/register`.
 */
import type * as Http2 from 'node:http2'

export const { constants, sensitiveHeaders } = process.getBuiltinModule('node:http2') as typeof Http2
