// bytes.ts - sizes as people say them.
import { numberFormat } from '../core/fmt'

export function bytes(n: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
  let i = 0
  for (; n >= 1000 && i < units.length - 1; i++) n /= 1000
  return numberFormat({ style: 'unit', unit: units[i], maximumFractionDigits: n < 10 && i ? 1 : 0 }).format(n)
}
