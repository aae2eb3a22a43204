/** The services whose models are generated (scripts/generate-models.ts), by the name of their SDK client. */
export const serviceNames = [
  'lambda',
  'cloudwatch-logs',
  'iam',
  'sts',
  'cloudformation',
  's3',
  'sqs',
  'sns',
  'eventbridge',
  'scheduler',
  'api-gateway',
  'apigatewayv2',
  'ssm',
  'ecr',
  'cloudwatch',
  'dynamodb',
  'dynamodb-streams',
  'kinesis',
  'sfn',
  'secrets-manager',
  'kms',
] as const

export type ServiceName = (typeof serviceNames)[number]
