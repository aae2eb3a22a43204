# frozen_string_literal: true

# The function's own method: `file.method` or `file.Module::Class.method`.
# source: AWS Lambda dev guide "Define Lambda function handler in Ruby"
class LambdaHandler
  attr_reader :handler_file_name, :handler_method_name

  def initialize(env_handler:)
    parts = env_handler.split('.')
    case parts.size
    when 2 then @handler_file_name, @handler_method_name = parts
    when 3 then @handler_file_name, @handler_class, @handler_method_name = parts
    else raise ArgumentError, malformed(parts)
    end
  end

  # Returns the answer as text, or as something to be read, then with its content type.
  def call_handler(request:, context:)
    receiver = @handler_class ? Kernel.const_get(@handler_class) : self
    response = receiver.__send__(@handler_method_name, event: request, context: context)
    AwsLambda::Marshaller.marshall_response(response)
  rescue NameError => e
    raise LairFault.new(e, 'Function', is_critical: true)
  rescue StandardError => e
    raise LairFault.new(e, 'Function')
  rescue Exception => e # exit, out of memory, a stack too deep
    raise LairFault.new(e, 'Function', is_critical: true)
  end

  private

  # The text is the managed runtime's.
  def malformed(parts)
    "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME corresponds with " \
      'an existing Ruby source file FILENAME.rb, CLASS is an optional module/class namespace and METHOD is a callable ' \
      'method. If using CLASS, METHOD must be a class-level method.'
  end
end

# An event as it came: header fields by any case, and the body.
class LairRequest
  attr_reader :body

  def initialize(headers, body)
    @headers = headers
    @body = body
  end

  def [](name)
    @headers[name.downcase]
  end
end

module AwsLambda
  # Functions may replace these two methods.
  class Marshaller
    class << self
      def marshall_request(raw_request)
        return raw_request.body unless raw_request['Content-Type'] == 'application/json'

        JSON.parse(raw_request.body)
      end

      def marshall_response(method_response)
        case method_response
        when StringIO, IO then [method_response, 'application/unknown']
        else method_response.to_json
        end
      end
    end
  end
end
