import { WindowManager } from '../../src/protocol/index.ts'

/** Gives every octet back when it is consumed, and holds none: what is missing from a window is owed by somebody. */
export class OnConsumption extends WindowManager {
  override onDataConsumed(length: number): number {
    return length
  }
}
