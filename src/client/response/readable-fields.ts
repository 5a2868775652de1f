/**
 * The fields of a response that can be read by their names, over either version
 * of HTTP. Its one rule: HTTP/2 can carry names that HTTP has no place for
 * (RFC 9113 §8.2.1; RFC 9110 §5.1), and a getter must not be the one to find out;
 * they are left out, as `node:http2` leaves them out, and the rest is as it came.
 */
import { UNFIT } from '../../protocol/field-rules.ts'
import { nameKind } from '../../protocol/fields-received.ts'
import type { FieldList } from '../../protocol/index.ts'

/** Who is told that something was let fall. */
interface Told {
  onNotice(text: string): void
}

/** The same list, where every name is a token. */
export function readableFields(fields: FieldList, told: Told): FieldList {
  for (let i = 0; i < fields.length; i += 2) if (isUnfit(fields[i]!)) return withoutUnfit(fields, told)
  return fields
}

function withoutUnfit(fields: FieldList, told: Told): FieldList {
  const readable = fields.filter((_, i) => !isUnfit(fields[i - (i % 2)]!))
  const leftOut = (fields.length - readable.length) / 2
  told.onNotice(`has left out ${leftOut} fields whose names are no tokens (RFC 9110 §5.1)`)
  return readable
}

function isUnfit(name: string): boolean {
  return nameKind(name) === UNFIT
}
