/**
 * GOAWAY (RFC 9113 §6.8): what the peer has said of the streams it will and
 * will not process. Its own frames go on meanwhile: only new streams are barred.
 */
import { printable } from '../bytes.ts'
import { ErrorCode, errorName } from '../frame/registry.ts'
import type { Failure } from './sinks.ts'
import type { Violation } from './violation.ts'

/** Octets of debug data that are kept. */
const MAX_DEBUG_DATA = 1024
const NO_LIMIT = 0x7fffffff

export class PeerGoaway {
  /** True once a GOAWAY was received. */
  received = false
  /** No stream above it was processed, or will be. */
  lastStreamId = NO_LIMIT
  /** What `lastStreamId` was before the last GOAWAY. */
  formerLastStreamId = NO_LIMIT
  errorCode: number = ErrorCode.NO_ERROR
  /** Printable, escaped, cut. */
  debugData = ''

  receive(
    lastStreamId: number,
    errorCode: number,
    buf: Uint8Array,
    start: number,
    end: number,
  ): Violation | undefined {
    // RFC 9113 §6.8: the identifier must not grow from one GOAWAY to the next.
    if (this.received && lastStreamId > this.lastStreamId) {
      return { errorCode: ErrorCode.PROTOCOL_ERROR, reason: 'GOAWAY raises the last stream (RFC 9113 §6.8)' }
    }
    this.received = true
    this.formerLastStreamId = this.lastStreamId
    this.lastStreamId = lastStreamId
    this.errorCode = errorCode
    this.debugData = printable(buf, start, end, MAX_DEBUG_DATA)
    return undefined
  }

  /**
   * Why the bytes of a connection ended: the peer's words, where they are of an
   * error, tell more than its socket. `ready`: its SETTINGS had come.
   */
  cutOff(ready: boolean, failure?: Failure): Failure {
    if (this.received && (this.errorCode !== ErrorCode.NO_ERROR || !ready)) {
      return {
        scope: 'connection',
        initiator: 'peer',
        errorCode: this.errorCode,
        kind: 'GOAWAY',
        reason: `closed by the peer with GOAWAY, ${errorName(this.errorCode)} (RFC 9113 §6.8)`,
        processed: 'unknown',
        debugData: this.debugData,
        cause: failure?.cause,
      }
    }
    if (failure !== undefined) return failure
    return {
      scope: 'transport',
      initiator: 'peer',
      errorCode: ErrorCode.NO_ERROR,
      kind: 'CLOSED',
      reason: 'closed before the response was complete (RFC 9113 §5.4.1)',
      processed: 'unknown',
    }
  }

  /** Why a request was not processed, for certain (RFC 9113 §8.7). */
  unprocessed(reason: string): Failure {
    return {
      scope: 'connection',
      initiator: this.received ? 'peer' : 'user',
      errorCode: this.errorCode,
      kind: this.received ? 'GOAWAY' : 'CLOSED',
      reason,
      processed: 'no',
      debugData: this.received ? this.debugData : undefined,
    }
  }
}
