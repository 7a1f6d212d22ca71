// naming.ts - texts that name fields (of "@field", "@fields", "@date"): of which table, and what people call them.
import { get } from './api'
import { loadMeta } from './meta'
import type { Meta, Rec } from './types'

export const listOf = (v: unknown): string[] => String(v ?? '').split(/[, ]+/).filter(Boolean)

/** The table that the record is about: its on_table, or its pool's; none where the field itself says it ("@fields lead") and brings what may be named. */
export async function tableNamed(record: Record<string, unknown>): Promise<Meta | null> {
  const name = record.on_table ?? (record.pool_id ? (await get<Rec>(`pool/${Number(record.pool_id)}`)).row.on_table : null)
  return typeof name === 'string' && name ? loadMeta(name).catch(() => null) : null
}
