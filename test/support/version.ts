/** A function version to test with. */
import type { FunctionVersion } from '../../src/model.ts'

/** A version with plain settings, and what differs. */
export function versionOf(differing: Partial<FunctionVersion> = {}): FunctionVersion {
  const { accountId = '000000000000', region = 'us-east-1', functionName = 'f' } = differing
  const version = differing.version ?? '$LATEST'
  return {
    accountId,
    region,
    functionName,
    version,
    arn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}:${version}`,
    revisionId: 'first',
    runtime: 'provided.al2023',
    handler: 'index.handler',
    memoryMib: 128,
    timeoutMs: 3000,
    ephemeralStorageMib: 512,
    architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
    environment: {},
    roleArn: `arn:aws:iam::${accountId}:role/r`,
    codePath: '/nowhere',
    logGroup: `/aws/lambda/${functionName}`,
    logFormat: 'Text',
    ...differing,
  }
}
