import { expect, it } from 'vitest'
import { ClosedStreams } from '../../src/protocol/closed-streams.ts'
import { CLOSED, RESET_LOCAL, RESET_REMOTE } from '../../src/protocol/stream-state.ts'

it('the last 128 closed streams are remembered, older ones get the mildest row', () => {
  const closed = new ClosedStreams()
  expect(closed.row(1)).toBe(RESET_LOCAL)
  closed.add(1, CLOSED)
  for (let i = 1; i < 128; i++) closed.add(2 * i + 1, RESET_REMOTE)
  expect([closed.row(1), closed.row(3), closed.row(255)]).toEqual([CLOSED, RESET_REMOTE, RESET_REMOTE])
  closed.add(257, CLOSED)
  expect([closed.row(1), closed.row(3), closed.row(257)]).toEqual([RESET_LOCAL, RESET_REMOTE, CLOSED])
})

it('the row of a remembered stream can change, of another it cannot', () => {
  const closed = new ClosedStreams()
  closed.add(0x7fffffff, CLOSED)
  closed.update(0x7fffffff, RESET_LOCAL)
  closed.update(5, CLOSED)
  expect([closed.row(0x7fffffff), closed.row(5)]).toEqual([RESET_LOCAL, RESET_LOCAL])
})
