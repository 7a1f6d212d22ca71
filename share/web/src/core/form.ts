// form.ts - the state of a form: values, errors of ours and of the host, what is being sent.
import { nextTick, reactive, ref } from 'vue'
import { ApiError, messageOf } from './api'
import { t } from './i18n'
import type { Field } from './types'
import { checkAll } from './validate'

export interface Form {
  values: Record<string, unknown>
  errors: Record<string, string>
  busy: boolean
  /** A failure that belongs to no field. */
  failure: string
  request: string
  touched: boolean
  set: (name: string, value: unknown) => void
  /** Starts over with these values: nothing has been tried yet. */
  begin: (values: Record<string, unknown>) => void
  /** Checks, then runs `send`; true when that came through. */
  submit: (send: () => Promise<boolean>) => Promise<boolean>
}

export function useForm(id: string, fields: () => Field[], initial: Record<string, unknown>): Form {
  const tried = ref(false)
  const recheck = (): void => void (tried.value && (form.errors = checkAll(fields(), form.values, initial)))
  const focusFirst = async (): Promise<void> => {
    await nextTick()
    const first = fields().find((f) => form.errors[f.name])
    if (first) document.getElementById(`${id}-${first.name}`)?.focus()
  }

  function refuse(e: unknown): void {
    const known = new Set(fields().map((f) => f.name))
    const byField = e instanceof ApiError ? e.body.fields ?? {} : {}
    form.errors = Object.fromEntries(
      Object.entries(byField).filter(([n]) => known.has(n)).map(([n, x]) => [n, x.message || x.code]))
    const lost = Object.entries(byField).filter(([n]) => !known.has(n)).map(([n, x]) => `${n}: ${x.message ?? x.code}`)
    form.failure = Object.keys(form.errors).length && !lost.length ? t('check.some') : [messageOf(e), ...lost].join(' ')
    form.request = e instanceof ApiError && e.status >= 500 ? e.request ?? '' : ''
  }

  const form: Form = reactive({
    values: { ...initial },
    errors: {},
    busy: false,
    failure: '',
    request: '',
    touched: false,
    set(name: string, value: unknown) {
      form.values[name] = value
      form.touched = true
      recheck()
    },
    begin(values: Record<string, unknown>) {
      tried.value = form.touched = false
      form.values = values
      form.errors = {}
      form.failure = form.request = ''
    },
    async submit(send: () => Promise<boolean>) {
      if (form.busy) return false
      tried.value = true
      form.failure = ''
      form.errors = checkAll(fields(), form.values, initial)
      if (Object.keys(form.errors).length) {
        void focusFirst()
        return false
      }
      form.busy = true
      try {
        return await send()
      } catch (e) {
        refuse(e)
        void focusFirst()
        return false
      } finally {
        form.busy = false
      }
    },
  })
  return form
}
