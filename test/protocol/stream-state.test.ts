import { describe, expect, it } from 'vitest'
import {
  CLOSED,
  DISCARD,
  diagram,
  INPUTS,
  MISUSE,
  RESERVED_REMOTE,
  RESET_REMOTE,
  STATES,
  step,
} from '../../src/protocol/stream-state.ts'

const received = INPUTS.flatMap((name, input) => (name.startsWith('r') ? [input] : []))

describe('the stream state table (RFC 9113 §5.1)', () => {
  it('has an answer for every state and input', () => {
    for (const [state, name] of STATES.entries()) {
      for (const [input, label] of INPUTS.entries()) {
        const next = step(state, input)
        const known = next <= RESERVED_REMOTE || (next >= DISCARD && next < DISCARD + 4)
        expect(known, `${name} ${label} → ${next}`).toBe(true)
      }
    }
  })

  it('never lets a closed stream open again', () => {
    for (let state = CLOSED; state <= RESET_REMOTE; state++) {
      for (const input of INPUTS.keys()) expect(step(state, input)).toBeGreaterThanOrEqual(DISCARD)
    }
  })

  it('never calls what a peer sends a mistake of the caller', () => {
    for (const state of STATES.keys()) {
      for (const input of received) expect(step(state, input)).not.toBe(MISUSE)
    }
  })

  it('prints its transitions as a diagram', () => {
    expect(diagram()).toContain('open --> halfClosedLocal: sE')
    expect(diagram()).toContain('reservedRemote --> halfClosedLocal: rH')
    // No verdict and no state that stays is a transition.
    expect(diagram()).not.toMatch(/undefined|(\w+) --> \1:/)
  })
})
