/**
 * What the client asks of its `transport` option, named from its public types:
 * this room stands outside and imports nothing else of the house.
 */
import type { HTTP20ConnectionOptions } from '../index.ts'

/** A function for the client's `transport` option. */
export type Dial = NonNullable<HTTP20ConnectionOptions['transport']>
/** What a dial resolves to. */
export type Transport = Awaited<ReturnType<Dial>>
/** Whom a transport tells what happens. */
export type TransportHandler = Parameters<Transport['start']>[0]
/** A clock for the client's `clock` option. */
export type Clock = NonNullable<HTTP20ConnectionOptions['clock']>
