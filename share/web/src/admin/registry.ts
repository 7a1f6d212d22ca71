// registry.ts - what is declared, as the administration's screens need it: one answer of the host's.
import { computed, type ComputedRef } from 'vue'
import { get } from '../core/api'
import { locale } from '../core/i18n'
import { useQuery } from '../core/query'
import type { Field, FieldType, Option } from '../core/types'

export interface RegField { name: string; label: string; type: FieldType; of: string | null; group: string; own: boolean; custom: boolean; many: boolean; required: boolean; locked: boolean; number: boolean }
export interface RegTable {
  name: string; label: string; one: string; plugin: string; icon: string | null; parent: string | null
  owned: boolean; pooled: boolean; detail: boolean; admin: boolean; hidden: boolean; public: boolean; personal: boolean; custom: boolean
  approval: boolean /* whether its records may have to be approved */
  fields: RegField[]
}
export interface RegDict { name: string; plugin: string; open: boolean; items: (Option & { value: string; custom: boolean; hidden: boolean })[] }
export interface RegRule { name: string; plugin: string; args: string | null; returns: string; default: string | null }
export interface Registry {
  plugins: { name: string; label: string; about: string | null }[]
  tables: RegTable[]
  dicts: RegDict[]
  perms: { name: string; plugin: string; label: string }[]
  rules: RegRule[]
  settings: (Field & { plugin: string })[]
}

export function useRegistry(): { reg: ComputedRef<Registry | undefined>; error: ComputedRef<Error | null>; retry: () => void } {
  const q = useQuery<Registry>(() => ({ queryKey: ['meta', '_registry', locale.value], queryFn: ({ signal }) => get('_registry', {}, signal), staleTime: 60_000 }))
  return { reg: computed(() => q.value.data), error: computed(() => (q.value.data ? null : q.value.error)), retry: () => void q.value.refetch() }
}
