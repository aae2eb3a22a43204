// The function of the walks: says what it got and where it ran.
export const handler = async (event, context) => {
  console.log('walking', JSON.stringify(event))
  return { event, version: context.functionVersion, colour: process.env.COLOUR ?? null }
}
