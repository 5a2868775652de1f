/**
 * `session.state`: numbers of the engine under Node's names. The windows are
 * those in force, which grow beyond what was advertised.
 */
import type { SessionPart } from './contract.ts'

const DEFAULT_WINDOW = 65_535
const TABLE_SIZE = 4096

export function sessionState(core: SessionPart): object {
  const { engine } = core.wire!
  const asked = core.windowSize
  return {
    effectiveLocalWindowSize: asked ?? DEFAULT_WINDOW,
    effectiveRecvDataLength: 0,
    nextStreamID: core.nextStreamId,
    localWindowSize: asked === undefined ? engine.recvWindow : Math.max(asked, DEFAULT_WINDOW),
    lastProcStreamID: core.goawayLastStreamId ?? 0,
    remoteWindowSize: engine.sendWindow,
    outboundQueueSize: engine.queuedStreams,
    deflateDynamicTableSize: TABLE_SIZE,
    inflateDynamicTableSize: core.local.show().headerTableSize,
  }
}
