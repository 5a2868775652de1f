/**
 * The parts of one connection, made of its options and put together. One rule:
 * each is made once, and what a part needs of another it is given here.
 */
import { AbuseBudget } from './abuse-budget.ts'
import type { checkConnectionOptions } from './connection-options.ts'
import { Credit } from './credit.ts'
import type { EngineHost, Parts } from './frame-dispatch.ts'
import { PeerGoaway } from './goaway.ts'
import { KeepAliveState } from './keepalive.ts'
import { UnacknowledgedSettings } from './local-settings.ts'
import { Outbound } from './outbound.ts'
import { PeerNews } from './peer-news.ts'
import { Pings } from './pings.ts'
import { ResetHolds } from './reset-holds.ts'
import { PeerSettings } from './settings.ts'
import type { ConnectionSink } from './sinks.ts'
import type { ControlHost } from './stream-control.ts'
import { StreamTable } from './stream-table.ts'

/** All parts but those that frames pass through. */
export interface EngineParts extends Parts {
  readonly host: EngineHost & ControlHost
  readonly pings: Pings
}

export function makeParts(
  sink: ConnectionSink,
  options: ReturnType<typeof checkConnectionOptions>,
  host: EngineHost & ControlHost,
  now: number,
): EngineParts {
  const { settings, limits, managers, unread } = options
  const path = { now, roundTripTime: Number.NaN }
  const peer = new PeerSettings()
  const table = new StreamTable(peer, limits, options.firstStreamId, unread)
  const budget = new AbuseBudget(limits, table, settings.initialWindowSize)
  const credit = new Credit(
    managers.connection,
    managers.stream,
    limits.connectionWindowSize,
    settings.initialWindowSize,
    path,
    unread,
  )
  const outbound = new Outbound(peer, table, credit, budget)
  const keepAlive = new KeepAliveState(options.keepAlive, options.deadlines, now)
  return {
    host,
    path,
    table,
    credit,
    outbound,
    budget,
    holds: new ResetHolds(table),
    keepAlive,
    peer,
    goaway: new PeerGoaway(),
    news: new PeerNews(sink),
    ours: new UnacknowledgedSettings(options.firstSettings),
    pings: new Pings(keepAlive, outbound, credit, limits.maxPings),
  }
}
