/**
 * The books of flow control, kept beside the engine from what it cannot bend:
 * the octets of both directions, what window managers are told, what sinks are
 * given and what their owners take (RFC 9113 §5.2, §6.9). Shares no code with
 * the library's own books. The invariant, for the connection and for each
 * stream, where `received` is the payload of every DATA frame begun:
 *
 *     received = credited + held + in flight       of a stream
 *     received = credited                          of the connection
 *     peer's window = initial window + announced - received, and is what the engine says
 *     announced <= granted; equal once all output was pulled
 *
 * *Credited*: octets that the window's manager was told are consumed: all of the
 * connection's; of a stream's those taken by the application, and padding. *Held*: given to a sink
 * whose owner has not taken them. *In flight*: content of a frame whose end has
 * not come. *Granted*: what the manager answered. *Announced*: the increments
 * of WINDOW_UPDATE on the wire. Each DATA frame is charged to the connection
 * once, in the order of the wire, and to its stream if that receives. A
 * stream's second and third line hold while it receives, and its grants may
 * wait while more than a window of it is held.
 *
 * What sinks are given can be seen where they are followed; elsewhere
 * `credited <= received` stands for the first line.
 */
import type { WindowManager, WindowManagerOption } from '../../src/protocol/index.ts'
import { windowManagers } from '../../src/protocol/window-managers.ts'
import { type FrameHead, FrameWalker } from './frame-walker.ts'
import { ACK, DATA, PREFACE, SETTINGS, uint32At, WINDOW_UPDATE } from './wire.ts'

const DEFAULT_WINDOW = 65_535
const MAX_WINDOW = 2 ** 31 - 1
const INITIAL_WINDOW_SIZE = 4

type Make = (initialWindowSize: number, documentSize?: number) => WindowManager

/** One window: what went in and what came back. */
class Account {
  readonly initial: number
  readonly manager: WindowManager
  received = 0
  credited = 0
  granted = 0
  announced = 0

  constructor(initial: number, manager: WindowManager, onCharge: (length: number) => void) {
    this.initial = initial
    this.manager = manager
    const [received, consumed] = [manager.onDataReceived.bind(manager), manager.onDataConsumed.bind(manager)]
    manager.onDataReceived = (length) => {
      onCharge(length)
      this.received += length
      return this.#grant(received(length))
    }
    manager.onDataConsumed = (length) => {
      this.credited += length
      return this.#grant(consumed(length))
    }
  }

  #grant(credit: number): number {
    if (credit > 0) this.granted += Math.min(Math.floor(credit), MAX_WINDOW)
    return credit
  }

  /** What the peer may send. */
  get window(): number {
    return this.initial + this.announced - this.received
  }
}

/** A DATA frame as it began. */
interface Charge {
  readonly streamId: number
  readonly length: number
  /** Octets that are no content: the padding and its length. */
  readonly padding: number
}

/** A stream whose sink is followed. */
interface Followed {
  /** Octets of content that arrived or are in flight, for the application. */
  accepted: number
  given: number
  taken: number
  ended: boolean
}

export class WindowLedger {
  /** What did not balance, in order. */
  readonly faults: string[] = []
  readonly #peer = new FrameWalker(0, (frame) => this.#fromPeer(frame))
  readonly #client = new FrameWalker(PREFACE.length, (frame) => this.#fromClient(frame))
  /** DATA frames that began and that the engine has not charged. */
  readonly #begun: Charge[] = []
  /** The DATA frame that was charged last. */
  #current: Charge | undefined = undefined
  /** The stream that its content is for, if it is followed. */
  #receiver: Followed | undefined = undefined
  /** True while the frame that the peer began last is DATA. */
  #inData = false
  #connection: Account | undefined = undefined
  /** Every stream that ever had a window. */
  readonly #streams = new Map<number, Account>()
  /** Those that receive, so far as it can be seen. */
  readonly #receiving = new Map<number, Account>()
  readonly #followed = new Map<number, Followed>()
  /** The engine whose books these are is gone. */
  #over = false
  /** True if every sink is followed. */
  readonly #follows: boolean
  readonly #lent: boolean
  #initialWindow = DEFAULT_WINDOW
  #sendWindow = DEFAULT_WINDOW

  /** @param lent true if credit of streams may be kept back, for a budget that several connections share */
  constructor(follows: boolean, lent = false) {
    this.#follows = follows
    this.#lent = lent
  }

  /** The window managers that an engine is to use, in place of those of this option. What is no option stays as it is. */
  managers(option: WindowManagerOption | undefined): WindowManagerOption | undefined {
    const { connection, stream } =
      typeof option === 'function' ? { connection: option, stream: option } : { ...option }
    for (const one of [connection, stream]) {
      if (one !== undefined && typeof one !== 'function') return option
    }
    if (option !== undefined && typeof option !== 'function' && typeof option !== 'object') return option
    if (option === null) return option
    const defaults = windowManagers(undefined)
    const makeConnection = maker(connection ?? defaults.connection)
    const makeStream = maker(stream ?? defaults.stream)
    return {
      connection: (size) => this.#openConnection(size, makeConnection(size)),
      stream: (size, documentSize) => this.#openStream(size, makeStream(size, documentSize)),
    }
  }

  // — the wire —

  /** Octets that the engine is about to be given. */
  peerSent(bytes: Uint8Array): void {
    this.#peer.walk(bytes)
  }

  /** Octets that the engine has sent. */
  clientSent(bytes: Uint8Array): void {
    this.#client.walk(bytes)
  }

  #fromPeer({ type, streamId, length, payload }: FrameHead): void {
    const padding = payload.length === 0 ? 0 : payload[0]! + 1
    this.#inData = type === DATA
    if (type === DATA) this.#begun.push({ streamId, length, padding })
    if (type === WINDOW_UPDATE && streamId === 0 && length === 4)
      this.#sendWindow += uint32At(payload) & MAX_WINDOW
  }

  #fromClient({ type, flags, streamId, length, payload }: FrameHead): void {
    if (type === DATA) this.#sendWindow -= length
    if (type === WINDOW_UPDATE) this.#announced(streamId, uint32At(payload))
    if (type !== SETTINGS || (flags & ACK) !== 0) return
    for (let at = 0; at < length; at += 6) {
      const id = uint32At(payload, at) >>> 16
      if (id === INITIAL_WINDOW_SIZE) this.#initialWindow = uint32At(payload, at + 2)
    }
  }

  #announced(streamId: number, increment: number): void {
    const account = streamId === 0 ? this.#connection : this.#streams.get(streamId)
    if (account === undefined) this.#fault(`credit for stream ${streamId}, which received nothing`)
    else account.announced += increment
  }

  // — what managers are told —

  #openConnection(size: number, manager: WindowManager): WindowManager {
    // A client that dials again begins with new books, which nobody keeps.
    if (this.#connection !== undefined) this.#over = true
    if (this.#over) return manager
    const account = new Account(DEFAULT_WINDOW, manager, (length) => this.#charge(length))
    account.granted = size - DEFAULT_WINDOW
    this.#connection = account
    return manager
  }

  /** A frame is charged to the connection: what came before it is settled. */
  #charge(length: number): void {
    this.#checkHeld()
    this.#current = this.#begun.shift()
    this.#receiver = undefined
    if (this.#current?.length !== length) {
      this.#fault(`${length} octets charged to the connection, where a frame has ${this.#current?.length}`)
      return
    }
    const { streamId, padding } = this.#current
    const followed = this.#followed.get(streamId)
    if (followed === undefined || followed.ended) return
    this.#receiver = followed
    followed.accepted += length - padding
  }

  #openStream(size: number, manager: WindowManager): WindowManager {
    if (this.#over) return manager
    const streamId = this.#current?.streamId ?? 0
    if (size !== this.#initialWindow)
      this.#fault(`a window of ${size} where SETTINGS say ${this.#initialWindow}`)
    const account = new Account(size, manager, (length) => {
      if (this.#current?.streamId !== streamId || this.#current.length !== length)
        this.#fault(`${length} octets charged to stream ${streamId}, which received none`)
    })
    if (this.#streams.has(streamId)) this.#fault(`a second window for stream ${streamId}`)
    this.#streams.set(streamId, account)
    this.#receiving.set(streamId, account)
    return manager
  }

  // — what owners are given, and what they take —

  opened(streamId: number): void {
    this.#followed.set(streamId, { accepted: 0, given: 0, taken: 0, ended: false })
  }

  given(streamId: number, count: number): void {
    const followed = this.#followed.get(streamId)
    if (followed === undefined) this.#fault(`content for stream ${streamId}, which is over`)
    else followed.given += count
  }

  /** What was asked for beyond what came counts for nothing. */
  taken(streamId: number, count: number): void {
    const followed = this.#followed.get(streamId)
    if (followed === undefined || !(count > 0)) return
    const taken = Math.min(count, followed.accepted - followed.taken)
    followed.taken += taken
  }

  /** The response is complete: only its reader is still concerned. */
  ended(streamId: number): void {
    const followed = this.#followed.get(streamId)
    if (followed !== undefined) followed.ended = true
    this.#receiving.delete(streamId)
  }

  /** The stream failed or was reset: nobody holds any of it. */
  dropped(streamId: number): void {
    this.#followed.delete(streamId)
    this.#receiving.delete(streamId)
  }

  // — the balance —

  /** Octets that the peer may send on the connection, by the wire. */
  get window(): number {
    return this.#connection === undefined ? DEFAULT_WINDOW : this.#connection.window
  }

  /** Between two calls of a connection that, if sinks are followed, is open. */
  check(): void {
    this.#checkHeld()
    if (this.#follows) this.#checkCharged()
    for (const [streamId, account] of this.#receiving) {
      const { accepted, taken } = this.#followed.get(streamId) ?? { accepted: account.received, taken: 0 }
      const due = account.received - account.credited
      if (this.#follows ? due !== accepted - taken : due < 0) {
        this.#fault(`stream ${streamId}: ${due} octets are not credited, ${accepted - taken} are held`)
      }
      this.#checkAnnounced(`stream ${streamId}`, account)
    }
    if (this.#connection !== undefined) this.#checkAnnounced('connection', this.#connection)
  }

  /** The same where the engine has nothing more to send; its own numbers are judged, too. */
  checkDrained(recvWindow: number, sendWindow: number): void {
    this.check()
    this.#checkCharged()
    const account = this.#connection
    if (account === undefined) return
    if (recvWindow !== account.window) {
      this.#fault(`connection: the peer may send ${account.window} octets, the engine says ${recvWindow}`)
    }
    if (sendWindow !== this.#sendWindow) {
      this.#fault(`connection: we may send ${this.#sendWindow} octets, the engine says ${sendWindow}`)
    }
    this.#checkSpent('connection', account)
    for (const [streamId, one] of this.#receiving) {
      const { windowSize } = one.manager
      if (windowSize !== one.window) {
        this.#fault(
          `stream ${streamId}: the peer may send ${one.window} octets, the engine says ${windowSize}`,
        )
      }
      if (this.#follows && !this.#lent && one.received - one.credited <= one.initial)
        this.#checkSpent(`stream ${streamId}`, one)
    }
  }

  #checkCharged(): void {
    for (const { length } of this.#begun.splice(0)) this.#fault(`a frame of ${length} octets was not charged`)
  }

  /** The connection's manager was told of everything, and the frame in flight is given as it comes. */
  #checkHeld(): void {
    const account = this.#connection
    if (account === undefined) return
    const due = account.received - account.credited
    if (due !== 0) this.#fault(`connection: ${due} octets are not credited`)
    if (this.#current === undefined || this.#receiver === undefined) return
    const { streamId, padding } = this.#current
    const { accepted, given } = this.#receiver
    const inFlight = this.#begun.length === 0 && this.#inData ? contentLeft(this.#peer.missing, padding) : 0
    if (this.#followed.has(streamId) && given + inFlight !== accepted) {
      this.#fault(`stream ${streamId}: ${accepted} octets came, ${given} given, ${inFlight} in flight`)
    }
  }

  #checkAnnounced(whose: string, { announced, granted }: Account): void {
    if (announced > granted) this.#fault(`${whose}: ${announced} octets announced of ${granted} granted`)
  }

  /** Nothing granted is kept back, but what would pass the largest window. */
  #checkSpent(whose: string, { announced, granted, window }: Account): void {
    if (announced < granted && window < MAX_WINDOW) {
      this.#fault(`${whose}: ${announced} octets announced, though ${granted} are granted`)
    }
  }

  #fault(what: string): void {
    if (!this.#over) this.faults.push(what)
  }
}

/** Octets of content among the last of a frame's. */
function contentLeft(missing: number, padding: number): number {
  return Math.max(0, missing - Math.max(0, padding - 1))
}

/** One shape for classes and functions: a class cannot be called. */
function maker(factory: unknown): Make {
  const isClass =
    typeof (factory as { prototype?: Partial<WindowManager> }).prototype?.onDataReceived === 'function'
  if (!isClass) return factory as Make
  const Manager = factory as new (size: number, documentSize?: number) => WindowManager
  return (size, documentSize) => new Manager(size, documentSize)
}
