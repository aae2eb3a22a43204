/** `lair functions`: the deployed functions as a table. */
import { send } from './client.ts'
import { formatBytes, note, print, printJson, table } from './terminal.ts'

type Configuration = {
  FunctionName: string
  Runtime?: string
  Handler?: string
  MemorySize: number
  Timeout: number
  CodeSize: number
  LastModified: string
  State?: string
}

const maxPageCount = 1000

/** List every function of the account and region. */
export async function functions(options: { json?: boolean }): Promise<void> {
  const list = await listFunctions()
  if (options.json) return printJson(list)
  if (list.length === 0) return note('No functions yet: aws lambda create-function deploys one')
  const rows = list.map((entry) => [
    entry.FunctionName,
    entry.Runtime ?? '-',
    entry.Handler ?? '-',
    `${entry.MemorySize} MB`,
    `${entry.Timeout} s`,
    formatBytes(entry.CodeSize),
    entry.LastModified.slice(0, 19).replace('T', ' '),
  ])
  print(table([['name', 'runtime', 'handler', 'memory', 'timeout', 'code', 'modified'], ...rows]))
}

async function listFunctions(): Promise<Configuration[]> {
  const all: Configuration[] = []
  let marker: string | undefined
  for (let page = 0; page < maxPageCount; page += 1) {
    const query: string = marker === undefined ? '' : `?Marker=${encodeURIComponent(marker)}`
    const { body } = await send({
      service: 'lambda',
      method: 'GET',
      target: `/2015-03-31/functions${query}`,
    })
    const answer = JSON.parse(body.toString('utf8')) as {
      Functions: Configuration[]
      NextMarker?: string
    }
    all.push(...answer.Functions)
    marker = answer.NextMarker
    if (!marker) break
  }
  return all
}
