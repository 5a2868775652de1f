/**
 * `hyper-h2/register/http2`: loaded before a program, it makes `http2.connect`
 * of the process run on this stack, however it is imported.
 *
 * @example
 * // node --import hyper-h2/register/http2 app.js
 */
import { syncBuiltinESMExports } from 'node:module'
import { version } from '../../index.ts'
import { connect } from '../http2/connect.ts'
import { registeredOptions, say } from './environment.ts'

type Connect = typeof connect
/** The object that every way of importing the module leads to. */
const http2 = process.getBuiltinModule('node:http2') as unknown as { connect: Connect }
const theirs = http2.connect
const { keepAlive, limits } = registeredOptions()
const defaults = { ...(keepAlive !== undefined && { keepAlive }), ...(limits !== undefined && { limits }) }

/** As `connect`, with what `HYPER_H2_REGISTER` says. */
const ours = Object.defineProperties(
  (authority: never, options?: object | (() => void), listener?: () => void) =>
    typeof options === 'function'
      ? connect(authority, defaults as never, options as never)
      : connect(authority, { ...defaults, ...options } as never, listener as never),
  Object.getOwnPropertyDescriptors(connect),
) as Connect

http2.connect = ours
syncBuiltinESMExports()
say(`http2.connect runs on hyper-h2 ${version}`)

/** Puts back what was there, unless somebody else has replaced ours meanwhile. Open sessions go on. */
export function unregister(): void {
  if (http2.connect !== ours) return
  http2.connect = theirs
  syncBuiltinESMExports()
}
