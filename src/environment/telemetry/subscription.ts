/** What an extension asked for when it subscribed: which records, in which form, how buffered, where to. Types only. */
import type { TelemetryType } from '../../observe/platform-events.ts'

/** `logs`: the Logs API, superseded by the Telemetry API */
export type TelemetryApiName = 'telemetry' | 'logs'

/** By API, oldest first. */
export const schemaVersions = {
  telemetry: ['2022-07-01', '2022-12-13', '2025-01-29'],
  logs: ['2020-08-15', '2021-03-18'],
} as const

export type SchemaVersion = (typeof schemaVersions)[TelemetryApiName][number]

/** A batch goes out as soon as one of the three is reached. */
export type Buffering = {
  readonly maxItems: number
  readonly maxBytes: number
  readonly timeoutMs: number
}

/** On the loopback of the environment: no other host can be named. */
export type Destination =
  | {
      readonly protocol: 'HTTP'
      readonly port: number
      /** with its query, from the slash on */
      readonly path: string
      readonly method: 'POST' | 'PUT'
    }
  | { readonly protocol: 'TCP'; readonly port: number }

export type Subscription = {
  readonly api: TelemetryApiName
  readonly schemaVersion: SchemaVersion
  /** at least one, each once, in the order given */
  readonly types: readonly TelemetryType[]
  readonly buffering: Buffering
  readonly destination: Destination
}
