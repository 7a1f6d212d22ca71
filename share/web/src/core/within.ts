// within.ts - the record around an input: its values while they are being changed.
import { inject, provide, type InjectionKey } from 'vue'

type Values = Record<string, unknown>
const AROUND: InjectionKey<() => Values> = Symbol('around')
export const provideRecord = (values: () => Values): void => provide(AROUND, values)
export const useRecord = (): (() => Values) => inject(AROUND, () => ({}))
