// meta.d.mts - what the tests use of the mock's declarations.
export const TABLES: Record<string, unknown>
export function metaOf(table: string, locale: string, admin: boolean): unknown
