// Echo for the Node runtime interface client (aws-lambda-ric).
export const handler = async (event) => {
  if (event?.fail) throw new Error('node failed as asked')
  return { runtime: 'node', event }
}
