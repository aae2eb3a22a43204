/** The path of Invoke and InvokeAsync: which function, which qualifier. */

const invokePath = /^\/2015-03-31\/functions\/([^/?]+)\/invocations\/?(?:\?(.*))?$/
const invokeAsyncPath = /^\/2014-11-13\/functions\/([^/?]+)\/invoke-async\/?(?:\?(.*))?$/

export type InvokeTarget = {
  /** decoded; any form of name */
  readonly functionName: string
  readonly qualifier?: string
}

/** Read the request target of an Invoke. The gateway has matched it already; what it matched wrongly names no function.
 *  @source Lambda service model: `/2015-03-31/functions/{FunctionName}/invocations?Qualifier=` */
export function parseInvokeTarget(target: string): InvokeTarget {
  const match = invokePath.exec(target) ?? invokeAsyncPath.exec(target)
  const functionName = decode(match?.[1] ?? '')
  const query = match?.[2]
  if (query === undefined || query === '') return { functionName }
  const qualifier = new URLSearchParams(query).get('Qualifier')
  return qualifier === null ? { functionName } : { functionName, qualifier }
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
