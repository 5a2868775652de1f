/**
 * The runtime's own `fetch` and `WebSocket` over a `HyperDispatcher`, by the
 * registered symbols under which every undici looks for its global dispatcher.
 * Its one rule: what was there before is put back, unless somebody else has
 * replaced ours meanwhile.
 */
import { type DispatcherLike, isNew } from './contract.ts'
import { HyperDispatcher, type HyperDispatcherOptions } from './dispatcher.ts'

/** Read by undici 5 to 7, and by the `fetch` of Node.js 20 to 24. */
const LEGACY = Symbol.for('undici.globalDispatcher.1')
/** Read by undici 8, and by the `fetch` of Node.js 26. */
const CURRENT = Symbol.for('undici.globalDispatcher.2')

type Globals = Record<symbol, unknown>

/**
 * Makes the runtime's own `fetch` go over this stack; undici need not be
 * installed. Takes the options of a `Client`, and those of a `HyperDispatcher`.
 * The function that it returns undoes it, and resolves when what was open is
 * finished. Throws an Error where `fetch` takes no dispatcher.
 *
 * @example
 * import { installGlobal } from 'hyper-h2/undici'
 *
 * const uninstall = installGlobal()
 * const response = await fetch('https://example.com/')
 * await uninstall()
 */
export function installGlobal(options: HyperDispatcherOptions = {}): () => Promise<void> {
  const globals = globalThis as unknown as Globals
  // The runtime loads its undici when one of its classes is touched first. Loaded
  // later it would find our dispatcher, make none of its own, and have none when we go.
  void globalThis.Response
  const before = [LEGACY, CURRENT].map((name) => ({ name, value: globals[name] }))
  if (before.every(({ value }) => value === undefined)) {
    throw new Error('installGlobal failed: the fetch of this runtime takes no dispatcher')
  }
  const dispatcher = new HyperDispatcher({ fallback: previous(globals), ...options })
  for (const { name } of before) set(globals, name, dispatcher)
  let ended: Promise<void> | undefined
  return () => {
    for (const { name, value } of before) if (globals[name] === dispatcher) set(globals, name, value)
    ended ??= dispatcher.close()
    return ended
  }
}

/** The dispatchers that were there, each for the handlers it takes. */
function previous(globals: Globals): DispatcherLike {
  const legacy = globals[LEGACY] as DispatcherLike | undefined
  const current = globals[CURRENT] as DispatcherLike | undefined
  return {
    dispatch(options, handler) {
      const first = isNew(handler) ? (current ?? legacy) : (legacy ?? current)
      return first!.dispatch(options, handler)
    },
  }
}

function set(globals: Globals, name: symbol, value: unknown): void {
  Object.defineProperty(globals, name, { value, writable: true, enumerable: false, configurable: false })
}
