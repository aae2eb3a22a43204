# frozen_string_literal: true

raise 'ruby failed to start as asked' if ENV['INIT'] == 'fail'

module Lair
  # Does what its event asks for.
  class Echo
    def self.call(event:, context:)
      raise 'ruby failed as asked' if event['fail']

      case event['do']
      when 'exit' then exit! 7
      when 'sleep' then sleep(event['ms'] / 1000.0)
      when 'context' then return describe(context)
      end
      { runtime: 'ruby', event: event }
    end

    def self.describe(context)
      identity = context.identity
      {
        requestId: context.aws_request_id,
        functionArn: context.invoked_function_arn,
        remainingMs: context.get_remaining_time_in_millis,
        custom: context.client_context && context.client_context['custom'],
        identity: identity && [identity['cognitoIdentityId'], identity['cognitoIdentityPoolId']]
      }
    end
  end
end
