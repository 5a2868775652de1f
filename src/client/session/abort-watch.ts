/**
 * Who waits for the abort of which signal. Its one rule: a signal has one
 * listener of ours however many wait for it, since runtimes warn of many and
 * look through all of them for each more.
 */

/** Told once, when the signal is aborted, and why. Must not throw. */
export interface AbortWatcher {
  aborted(reason: unknown): void
}

const watches = new WeakMap<AbortSignal, Watch>()

/** The listener of one signal, while somebody waits. */
class Watch {
  readonly watchers: Set<AbortWatcher>
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.watchers = new Set()
    this.#signal = signal
    watches.set(signal, this)
    signal.addEventListener('abort', this)
  }

  /** Signals need not be the platform's: of the event nothing is asked. */
  handleEvent(): void {
    this.end()
    const reason = reasonOf(this.#signal)
    for (const watcher of this.watchers) watcher.aborted(reason)
  }

  end(): void {
    watches.delete(this.#signal)
    try {
      this.#signal.removeEventListener('abort', this)
    } catch {
      // A signal need not be the platform's, and nobody is told any more.
    }
  }
}

/** Why the signal was aborted; what it throws instead, if it is of somebody's own making. */
function reasonOf(signal: AbortSignal): unknown {
  try {
    return signal.reason
  } catch (error) {
    return error
  }
}

/** Has the watcher told of the abort of a signal that is not aborted yet; at once, if it cannot be listened to. */
export function watch(signal: AbortSignal, watcher: AbortWatcher): void {
  try {
    const { watchers } = watches.get(signal) ?? new Watch(signal)
    watchers.add(watcher)
  } catch (error) {
    watches.delete(signal)
    watcher.aborted(error)
  }
}

/** Forgets the watcher. No-op if it is not known. */
export function unwatch(signal: AbortSignal, watcher: AbortWatcher): void {
  const watch = watches.get(signal)
  if (watch === undefined) return
  watch.watchers.delete(watcher)
  if (watch.watchers.size === 0) watch.end()
}
