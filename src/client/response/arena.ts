/**
 * Memory that small bodies share until they are taken. Its one rule: it is
 * never handed out. Memory of its own costs a body of a few octets more than
 * all the rest of its request; most such bodies become text, and need none.
 */

/** Octets of one piece of shared memory. It lives as long as a body in it waits to be taken. */
const ARENA_SIZE = 65_536
/** Octets of the largest body that is placed here. */
export const LARGEST_SHARED = 2_048

let memory = new Uint8Array(0)
let next = 0

/** Makes room for `count` octets, at most `LARGEST_SHARED`. Returns the memory; they start at `placedAt()`. */
export function place(count: number): Uint8Array {
  if (memory.length - next < count) {
    memory = new Uint8Array(ARENA_SIZE)
    next = 0
  }
  next += count
  return memory
}

/** Where the `count` octets placed last begin. */
export function placedAt(count: number): number {
  return next - count
}
