// channels.ts - ways out besides this page: which are on, what they are called.
import { get } from './api'
import { has, t } from './i18n'
import { useQuery } from './query'

export interface Channel { name: string }
export interface Setting { name: string; secret: boolean; set: boolean; awaited: boolean; value: string | null; default: string | null }
export interface ChannelSet extends Channel { about: string; active: boolean; granted: boolean; settings: Setting[]; queued: number; failed: number }

/** Adaptors of the company's own are called as their file is. */
export const channelName = (name: string): string => (has('channel.' + name) ? t('channel.' + name) : name)
export const useChannels = (): ReturnType<typeof useQuery<{ channels: Channel[] }>> =>
  useQuery<{ channels: Channel[] }>(() => ({ queryKey: ['channels'], queryFn: ({ signal }) => get('_channel', {}, signal) }))
