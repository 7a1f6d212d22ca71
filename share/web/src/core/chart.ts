// chart.ts - what a chart is drawn from.
export type ChartKind = 'bar' | 'line' | 'pie' | 'funnel'
export interface Point { label: string; values: number[]; color?: string | null }
