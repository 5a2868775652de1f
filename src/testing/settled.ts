/** Waiting for what is under way, without time: promise reactions only. */

/** Longer than any chain of reactions between two events of the client. */
const REACTIONS = 128

/** Resolves once the promise reactions that are due, and those that they cause, have run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < REACTIONS; i++) await undefined
}
