/**
 * XML names of the SQS query protocol. The current model of SQS is JSON only and has lost them; older clients still send them.
 * source: Amazon SQS API reference, query request and XML response examples of each action (API version 2012-11-05).
 */
import type { MemberModel } from '../../src/protocol/shape-model.ts'

type Names = Readonly<Record<string, Pick<MemberModel, 'xml' | 'flat'>>>

const flat = (xml: string): Pick<MemberModel, 'xml' | 'flat'> => ({ xml, flat: 1 })

/** Structure -> member -> name of the (flattened) element. */
export const sqsMemberNames: Readonly<Record<string, Names>> = {
  AddPermissionRequest: { AWSAccountIds: flat('AWSAccountId'), Actions: flat('ActionName') },
  ChangeMessageVisibilityBatchRequest: {
    Entries: flat('ChangeMessageVisibilityBatchRequestEntry'),
  },
  ChangeMessageVisibilityBatchResult: {
    Successful: flat('ChangeMessageVisibilityBatchResultEntry'),
    Failed: flat('BatchResultErrorEntry'),
  },
  CreateQueueRequest: { Attributes: flat('Attribute'), tags: flat('Tag') },
  DeleteMessageBatchRequest: { Entries: flat('DeleteMessageBatchRequestEntry') },
  DeleteMessageBatchResult: {
    Successful: flat('DeleteMessageBatchResultEntry'),
    Failed: flat('BatchResultErrorEntry'),
  },
  GetQueueAttributesRequest: { AttributeNames: flat('AttributeName') },
  GetQueueAttributesResult: { Attributes: flat('Attribute') },
  ListDeadLetterSourceQueuesResult: { queueUrls: flat('QueueUrl') },
  ListMessageMoveTasksResult: { Results: flat('ListMessageMoveTasksResultEntry') },
  ListQueueTagsResult: { Tags: flat('Tag') },
  ListQueuesResult: { QueueUrls: flat('QueueUrl') },
  Message: { Attributes: flat('Attribute'), MessageAttributes: flat('MessageAttribute') },
  MessageAttributeValue: {
    StringListValues: { xml: 'StringListValue' },
    BinaryListValues: { xml: 'BinaryListValue' },
  },
  MessageSystemAttributeValue: {
    StringListValues: { xml: 'StringListValue' },
    BinaryListValues: { xml: 'BinaryListValue' },
  },
  ReceiveMessageRequest: {
    AttributeNames: flat('AttributeName'),
    MessageAttributeNames: flat('MessageAttributeName'),
    MessageSystemAttributeNames: flat('MessageSystemAttributeName'),
  },
  ReceiveMessageResult: { Messages: flat('Message') },
  SendMessageBatchRequest: { Entries: flat('SendMessageBatchRequestEntry') },
  SendMessageBatchRequestEntry: {
    MessageAttributes: flat('MessageAttribute'),
    MessageSystemAttributes: flat('MessageSystemAttribute'),
  },
  SendMessageBatchResult: {
    Successful: flat('SendMessageBatchResultEntry'),
    Failed: flat('BatchResultErrorEntry'),
  },
  SendMessageRequest: {
    MessageAttributes: flat('MessageAttribute'),
    MessageSystemAttributes: flat('MessageSystemAttribute'),
  },
  SetQueueAttributesRequest: { Attributes: flat('Attribute') },
  TagQueueRequest: { Tags: flat('Tag') },
  UntagQueueRequest: { TagKeys: flat('TagKey') },
}

/** Key and value elements of the maps: tags say `Key`, all others `Name`. */
export function sqsMapNames(memberXmlName: string): { keyName: string; valueName: string } {
  return { keyName: memberXmlName === 'Tag' ? 'Key' : 'Name', valueName: 'Value' }
}
